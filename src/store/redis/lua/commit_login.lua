-- Counts an attempt and makes its session, both or neither.
-- KEYS: session, index, guesses.
-- ARGV: id, ttl, sealed, status, protocol, confirmed, attempt, window, limit, caller, limit of a caller (0: none).
-- Returns {'new', created, expires}, {'earlier'}, or {'over', attempts, milliseconds until one leaves the window}.
local there = redis.call('HMGET', KEYS[1], 'sealed', 'created', 'expires')
if there[1] == ARGV[3] then
  -- This very write has run before and its reply was lost: its attempt is counted.
  return {'new', there[2], there[3]}
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return {'earlier'}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[8])
local refused = over(KEYS[3], now, window, tonumber(ARGV[9]), ARGV[10], tonumber(ARGV[11]))
if refused then
  return {'over', refused[1], refused[2]}
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', now - window))
redis.call('ZADD', KEYS[3], string.format('%.0f', now), ARGV[7])
redis.call('PEXPIREAT', KEYS[3], string.format('%.0f', now + window))
local created, expires = make_session(KEYS[1], KEYS[2], now, ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
return {'new', created, expires}
