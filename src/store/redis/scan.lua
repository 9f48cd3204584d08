-- Returns the first keys of a range that have not expired, each followed by its sealed value.
local values, names = KEYS[1], KEYS[2]
local from, to, limit, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local found, page_size = {}, math.min(limit, 256)

while #found < 2 * limit do
  local page = redis.call('ZRANGEBYLEX', names, from, to, 'LIMIT', 0, page_size)
  for _, name in ipairs(page) do
    local sealed = redis.call('HGET', values, name)
    local _, expires_at = struct.unpack('>I8I8', sealed)
    if (expires_at == 0 or expires_at > now) and #found < 2 * limit then
      table.insert(found, name)
      table.insert(found, sealed)
    end
  end
  if #page < page_size then break end
  from = '(' .. page[#page]
end
return found
