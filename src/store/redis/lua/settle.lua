-- Writes what is there already. A replica that has this write has all before it, which is what WAIT is asked after it.
-- KEYS: session.
local v = redis.call('HGET', KEYS[1], 'v')
if v then
  redis.call('HSET', KEYS[1], 'v', v)
end
return 1
