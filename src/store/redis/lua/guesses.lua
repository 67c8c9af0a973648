-- Attempts in the window that ends now, and in how many milliseconds the oldest leaves it. KEYS: guesses. ARGV: window.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local after = string.format('(%.0f', now - ARGV[1])
local oldest = redis.call('ZRANGEBYSCORE', KEYS[1], after, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {redis.call('ZCOUNT', KEYS[1], after, '+inf'), oldest[2] and oldest[2] + ARGV[1] - now or 0}
