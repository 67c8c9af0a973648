-- Replaces a fact if it is still the one that was read. KEYS: facts. ARGV: name, expected, new.
-- Returns 1 if it was, now or in an earlier run of this very write; else 0.
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there == ARGV[3] then
  return 1
end
if there ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
