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
local created, expires = make_session(KEYS[1], KEYS[2], now, ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
return {created, expires}
