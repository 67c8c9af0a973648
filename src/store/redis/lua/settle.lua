-- Writes what is there already, if it is what was read: a failover in between may have undone that. A replica that has
-- this write has all before it, which is what WAIT is asked after it.
-- KEYS: session. ARGV: last bytes of the envelope that was read. Returns 1 if it is that one, else 0.
local there = redis.call('HMGET', KEYS[1], 'sealed', 'status')
if not there[1] or string.sub(there[1], -8) ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'status', there[2])
return 1
