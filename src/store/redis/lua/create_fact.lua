-- Writes a fact unless there is one. KEYS: facts. ARGV: name, sealed. Returns the one that is there now.
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1])
