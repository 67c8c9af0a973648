-- One step of one migration in one bucket; --[[body]] stands for the migration.
-- KEYS: the bucket's place in the migrations, its index. ARGV: number of the migration, limit, first part of the
-- session keys. Returns 'done', 'more', or 'early' if the migration before is not done here.
local number = tonumber(ARGV[1])
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if version >= number then
  return 'done'
end
if version < number - 1 then
  return 'early'
end
local function migrate(cursor, limit, index, session)
--[[body]]
end
local cursor = migrate(redis.call('HGET', KEYS[1], 'cursor') or '', tonumber(ARGV[2]), KEYS[2], ARGV[3])
if cursor then
  redis.call('HSET', KEYS[1], 'cursor', cursor)
  return 'more'
end
redis.call('HSET', KEYS[1], 'version', number)
redis.call('HDEL', KEYS[1], 'cursor')
return 'done'
