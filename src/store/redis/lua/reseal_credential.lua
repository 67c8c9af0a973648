-- Replaces an envelope by another of the same content. KEYS: credential. ARGV: expected, sealed. Returns 1 if it did.
local there = redis.call('HGET', KEYS[1], 'sealed')
if there == ARGV[2] then
  return 1
end
if there ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'sealed', ARGV[2])
return 1
