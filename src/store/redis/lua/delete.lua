-- Removes a session and its index entry. KEYS: session, index. ARGV: id; perhaps the last bytes of the envelope that must
-- be there. Returns how many were removed.
if ARGV[2] and string.sub(redis.call('HGET', KEYS[1], 'sealed') or '', -8) ~= ARGV[2] then
  return 0
end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
