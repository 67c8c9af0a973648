-- Makes a session that ends ARGV[2] milliseconds from now, unless one of its name is there.
-- KEYS: session, index. ARGV: id, ttl, sealed, status, protocol, confirmed.
-- Returns {created, expires}, or false if there is one.
local there = redis.call('HMGET', KEYS[1], 'sealed', 'created', 'expires')
if there[1] == ARGV[3] then
  -- This very write has run before and its reply was lost.
  return {there[2], there[3]}
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return false
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- tostring() would write 1.7e+12.
local created = string.format('%.0f', now)
local expires = string.format('%.0f', now + ARGV[2])
redis.call('HSET', KEYS[1], 'status', ARGV[4], 'protocol', ARGV[5], 'confirmed', ARGV[6],
  'created', created, 'expires', expires, 'sealed', ARGV[3])
-- Redis keeps a key through its last millisecond; a session is gone at `expires`.
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', now + ARGV[2] - 1))
redis.call('ZADD', KEYS[2], expires, ARGV[1])
-- Sessions end by themselves, their index entries do not: more leave here than come in.
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', created, 'LIMIT', 0, 8)
if #due > 0 then
  redis.call('ZREM', KEYS[2], unpack(due))
end
-- The index ends with its last member. (PEXPIREAT ... GT would need Redis 7.)
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then
  redis.call('PEXPIREAT', KEYS[2], expires)
end
return {created, expires}
