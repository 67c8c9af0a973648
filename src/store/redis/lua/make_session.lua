-- Makes a session that ends `ttl` milliseconds from `now`, with its index entry. Returns when it began and ends.
local function make_session(session, index, now, id, ttl, sealed, status, protocol, confirmed)
  -- tostring() would write 1.7e+12.
  local created = string.format('%.0f', now)
  local expires = string.format('%.0f', now + ttl)
  redis.call('HSET', session, 'status', status, 'protocol', protocol, 'confirmed', confirmed,
    'created', created, 'expires', expires, 'sealed', sealed)
  -- Redis keeps a key through its last millisecond; a session is gone at `expires`.
  redis.call('PEXPIREAT', session, string.format('%.0f', now + ttl - 1))
  redis.call('ZADD', index, expires, id)
  -- Sessions end by themselves, their index entries do not: more leave here than come in.
  local due = redis.call('ZRANGEBYSCORE', index, '-inf', created, 'LIMIT', 0, 8)
  if #due > 0 then
    redis.call('ZREM', index, unpack(due))
  end
  -- The index ends with its last member. (PEXPIREAT ... GT would need Redis 7.)
  if redis.call('PTTL', index) < tonumber(ttl) then
    redis.call('PEXPIREAT', index, expires)
  end
  return created, expires
end
