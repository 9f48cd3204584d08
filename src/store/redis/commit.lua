-- Checks the expectations of a batch, then applies all of it. No other command runs during a
-- script, so no client sees half of a batch.
-- Returns the id of the last event in the log, or false if an expectation does not hold; an error
-- if this is not the shop that the node knows.
local values, names, expiries, log, epoch = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local turns = KEYS[6]

-- How many expired keys, and how many old events, this commit removes. It is more than the commit
-- adds, so that neither pile up, however large the commits are.
local removals = 16

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end
local function take_number() return tonumber(take()) end

if redis.call('GET', epoch) ~= take() then
  return redis.error_reply('EPOCH the store holds another shop, or none')
end

-- Names this commit in each of its events, so that a node whose reply was lost finds it.
local commit = take()

local now, swept, oldest_time = take_number(), take_number(), take_number()
local events_max = take_number()
local is_repeated = take_number() == 1

local function version_of(name)
  local sealed = redis.call('HGET', values, name)
  if not sealed then return 0 end
  local version, expires_at = struct.unpack('>I8I8', sealed)
  if expires_at > 0 and expires_at <= now then return 0 end
  return version
end

local function put(name, expires_at, value)
  local envelope = struct.pack('>I8I8', version_of(name) + 1, expires_at)
  redis.call('HSET', values, name, envelope .. value)
  redis.call('ZADD', names, 0, name)
  if expires_at > 0 then
    local added = redis.call('ZADD', expiries, expires_at, name)
    removals = removals + 2 * added
  else
    redis.call('ZREM', expiries, name)
  end
end

local function remove(name)
  redis.call('HDEL', values, name)
  redis.call('ZREM', names, name)
  redis.call('ZREM', expiries, name)
end

local function number_of(entry)
  return entry and tonumber(string.match(entry[1], '^%d+')) or 0
end
local function oldest_event() return redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1] end
local last_event = number_of(redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1])

-- By default, Lua formats a large number as 1e+15.
local function event_id(number) return string.format('%.0f-0', number) end

-- Keeps the last event in any case, because the next id follows from it.
local function forget_old_events()
  redis.call('XTRIM', log, 'MAXLEN', '=', events_max)
  for _ = 1, removals do
    local oldest = oldest_event()
    if number_of(oldest) >= last_event or tonumber(oldest[2][2]) >= oldest_time then return end
    redis.call('XTRIM', log, 'MINID', '=', event_id(number_of(oldest) + 1))
  end
end

-- A node that loses a race for a key, and will try again, has the next turn, so that one which is
-- far from Redis gets its share: for so many milliseconds, a commit of another node that expects
-- the key is refused. A turn that was too short is twice as long the next time.
local shortest_turn, longest_turn = 50, 400
local node = string.match(commit, '^(.*)-')
local has_turns = redis.call('EXISTS', turns) == 1

-- Returns the last turn for a key: the node, when it ends and how long it is.
local function last_turn(name)
  local given = has_turns and redis.call('HGET', turns, name)
  if not given then return nil, 0, 0 end
  local other, ends, length = string.match(given, '^(.*) (%d+) (%d+)$')
  return other, tonumber(ends), tonumber(length)
end

-- Returns the node whose turn it is. One that ends late is from before a step of the clock.
local function node_in_turn(name)
  local other, ends = last_turn(name)
  return ends > now and ends <= now + longest_turn and other or nil
end

local function give_turn(name)
  local other, ends, length = last_turn(name)
  if other ~= node then
    length = shortest_turn
  elseif ends <= now then
    length = math.min(2 * length, longest_turn)
  end
  redis.call('HSET', turns, name, string.format('%s %.0f %.0f', node, now + length, length))
  redis.call('PEXPIRE', turns, 2 * longest_turn)
end

local expected, stale, own_turns = {}, {}, {}
for number = 1, take_number() do
  expected[number] = { take(), take_number() }
end
for _, key in ipairs(expected) do
  local name, version = unpack(key)
  local in_turn = node_in_turn(name)
  if in_turn and in_turn ~= node then return false end
  if in_turn then table.insert(own_turns, name) end
  if version_of(name) ~= version then table.insert(stale, name) end
end
if #stale > 0 then
  if is_repeated then
    for _, name in ipairs(stale) do give_turn(name) end
    -- It needs all of its keys at once.
    for _, name in ipairs(own_turns) do give_turn(name) end
  end
  return false
end
for _, name in ipairs(own_turns) do redis.call('HDEL', turns, name) end
for _ = 1, take_number() do
  local name, expires_at, value = take(), take_number(), take()
  put(name, expires_at, value)
end
for _ = 1, take_number() do
  remove(take())
end
for _ = 1, take_number() do
  last_event = last_event + 1
  removals = removals + 2
  local at = string.format('%.0f', now)
  redis.call('XADD', log, event_id(last_event), 'at', at, 'event', take(), 'commit', commit)
end

if last_event > 0 then forget_old_events() end
local expired = redis.call(
  'ZRANGEBYSCORE', expiries, '-inf', string.format('%.0f', swept), 'LIMIT', 0, removals
)
for _, name in ipairs(expired) do remove(name) end
return last_event
