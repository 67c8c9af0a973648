-- Writes what is there already, if it is what was read: a failover in between may have undone that. A replica that has
-- this write has all before it, which is what WAIT is asked after it.
-- KEYS: session. ARGV: v. Returns 1 if it is, else 0.
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'v', ARGV[1])
return 1
