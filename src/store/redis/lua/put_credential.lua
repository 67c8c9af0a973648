-- Writes a credential if the condition holds. KEYS: credential, index.
-- ARGV: id, sealed, generation, disabled, condition ('always', 'absent' or the generation that must be there).
-- Returns {created, updated, 1 if it is new}, or false if the condition does not hold.
local there = redis.call('HMGET', KEYS[1], 'generation', 'created', 'updated', 'sealed')
if there[4] == ARGV[2] then
  -- This very write has run before and its reply was lost.
  return {there[2], there[3], there[2] == there[3] and 1 or 0}
end
if ARGV[5] == 'absent' and there[1] or ARGV[5] ~= 'always' and ARGV[5] ~= 'absent' and there[1] ~= ARGV[5] then
  return false
end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local created = there[2] or now
redis.call('HSET', KEYS[1], 'created', created, 'updated', now, 'generation', ARGV[3], 'disabled', ARGV[4],
  'sealed', ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return {created, now, there[1] and 0 or 1}
