-- Removes a session and its index entry. KEYS: session, index. ARGV: id. Returns how many were there.
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
