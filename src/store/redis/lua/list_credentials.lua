-- One bucket's part of a listing: at most ARGV[1] credentials after the id ARGV[2].
-- KEYS: index. ARGV: limit, id, first part of the credential keys.
-- Returns the last id read, '' for "nothing left", and id, disabled, created, updated of each.
local limit, rows = tonumber(ARGV[1]), {}
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local ids = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, limit)
for _, id in ipairs(ids) do
  -- Something else in a credential's place must not end the listing of all others.
  local row = redis.pcall('HMGET', ARGV[3] .. id, 'disabled', 'created', 'updated')
  if not row.err and row[1] then
    rows[#rows + 1] = {id, row[1], row[2] or '', row[3] or ''}
  end
end
return {#ids == limit and ids[#ids] or '', rows}
