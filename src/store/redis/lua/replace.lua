-- Replaces the state of a session if it is still the one that was read. No two envelopes are alike, so the last eight
-- bytes name a state, and one's own envelope is the mark of one's own earlier run.
-- KEYS: session. ARGV: last bytes of the expected envelope, sealed, status, confirmed.
-- Returns 1 if it was that state, now or in an earlier run of this very write; else 0.
local there = redis.call('HGET', KEYS[1], 'sealed')
if there == ARGV[2] then
  return 1
end
if not there or string.sub(there, -8) ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'sealed', ARGV[2], 'status', ARGV[3], 'confirmed', ARGV[4])
return 1
