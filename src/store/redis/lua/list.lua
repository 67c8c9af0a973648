-- One bucket's part of a listing: at most ARGV[1] live sessions after the place (ARGV[2], ARGV[3]).
-- KEYS: index. ARGV: limit, score, id, first part of the session keys.
-- Returns the last place read, '' for "nothing left", and id, status, protocol, confirmed, created, expires of each.
local limit, score, last = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if score <= now then
  score, last = now + 1, ''
end
local text = string.format('%.0f', score)
local rank = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. text)
local rows, place, taken = {}, '', 0
while true do
  local part = redis.call('ZRANGE', KEYS[1], rank, rank + limit - 1, 'WITHSCORES')
  if #part == 0 then
    return {'', '', rows}
  end
  for at = 1, #part, 2 do
    local id, expires = part[at], part[at + 1]
    -- Members of one score are in the order of their bytes.
    if tonumber(expires) > score or id > last then
      place = {expires, id}
      taken = taken + 1
      -- A key of another type is somebody else's, and must not end every listing: its error has no row[1] either.
      local row = redis.pcall('HMGET', ARGV[4] .. id, 'status', 'protocol', 'confirmed', 'created', 'expires')
      if row[1] then
        rows[#rows + 1] = {id, row[1], row[2] or '', row[3] or '', row[4] or '', row[5] or ''}
      end
      if taken == limit then
        return {place[1], place[2], rows}
      end
    end
  end
  rank = rank + limit
end
