-- Writes what is there already. A replica that has this write has all before it, which is what WAIT is asked after it.
-- KEYS: session.
local status = redis.call('HGET', KEYS[1], 'status')
if status then
  redis.call('HSET', KEYS[1], 'status', status)
end
return 1
