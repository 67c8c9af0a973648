-- What a login needs to know. KEYS: credential, guesses, session. ARGV: window.
-- Returns sealed, generation, created, updated of the credential; attempts in the window that ends now, and in how many
-- milliseconds the oldest leaves it; sealed, created, expires of an earlier session.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local after = string.format('(%.0f', now - ARGV[1])
local used = redis.call('ZCOUNT', KEYS[2], after, '+inf')
local oldest = redis.call('ZRANGEBYSCORE', KEYS[2], after, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {
  redis.call('HMGET', KEYS[1], 'sealed', 'generation', 'created', 'updated'),
  {used, oldest[2] and oldest[2] + ARGV[1] - now or 0},
  redis.call('HMGET', KEYS[3], 'sealed', 'created', 'expires'),
}
