-- Removes a credential if the condition holds. KEYS: credential, index. ARGV: id, 'always' or the generation that must
-- be there. Returns 'gone', 'absent' or 'refused'. What was guessed at it stays counted.
local there = redis.call('HGET', KEYS[1], 'generation')
if not there then
  return 'absent'
end
if ARGV[2] ~= 'always' and there ~= ARGV[2] then
  return 'refused'
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 'gone'
