-- What a login needs to know. KEYS: credential, guesses, session. ARGV: window, limit, caller, limit of a caller (0: none).
-- Returns sealed, generation, created, updated of the credential; if a budget is used up, its attempts and in how many
-- milliseconds the oldest leaves the window, else 0 and 0; sealed, created, expires of an earlier session.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return {
  redis.call('HMGET', KEYS[1], 'sealed', 'generation', 'created', 'updated'),
  over(KEYS[2], now, tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])) or {0, 0},
  redis.call('HMGET', KEYS[3], 'sealed', 'created', 'expires'),
}
