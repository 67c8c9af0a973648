-- Confirms a login and takes its attempt back, if the session is in the state that was read and the credential in that
-- of the login. KEYS: session, credential, guesses.
-- ARGV: last bytes of the expected envelope, sealed, status, confirmed, attempt, generation.
-- Returns 'won' (now, or in an earlier run of this very write), 'lost' or 'stale'.
local there = redis.call('HGET', KEYS[1], 'sealed')
if there == ARGV[2] then
  return 'won'
end
if not there or string.sub(there, -8) ~= ARGV[1] then
  return 'lost'
end
if redis.call('HGET', KEYS[2], 'generation') ~= ARGV[6] then
  return 'stale'
end
redis.call('HSET', KEYS[1], 'sealed', ARGV[2], 'status', ARGV[3], 'confirmed', ARGV[4])
redis.call('ZREM', KEYS[3], ARGV[5])
return 'won'
