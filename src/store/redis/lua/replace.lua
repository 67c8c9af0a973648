-- Replaces the state of a session if it is still the one that was read.
-- KEYS: session. ARGV: expected v, new v, sealed, status, confirmed.
-- Returns 1 if it was, now or in an earlier run of this very write; else 0.
local v = redis.call('HGET', KEYS[1], 'v')
if v == ARGV[2] then
  return 1
end
if v ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'sealed', ARGV[3], 'status', ARGV[4], 'confirmed', ARGV[5])
return 1
