#!lua
-- One partition's commit: all of it or nothing of it.
-- KEYS[1] is the partition's hash tag; every key below begins with it.
-- ARGV: incarnation, commit number, entry version, how many writes (W), W charge points, W epochs, then W bodies.
-- A body is a string of one-letter operations, then their arguments in order:
--   a channel's letter   row
--   +   stream, digests (n times 8 bytes, known to be new)
--   ?   channel, stream, digest (8 bytes), row: the row is dropped if the stream holds the digest
--   -   snapshot part to delete
--   ~   stream that is forgotten in 7 days
--   =   snapshot part, value (always the last operations of a body)
-- Answers "entry number \n dropped \n refused charge points, one a line", or "gap \n last number".

local RETENTION = 604800
local HMGET_AT_ONCE = 4000
local ARITY = { ['+'] = 2, ['?'] = 4, ['='] = 2 }

local call, sub, find, concat = redis.call, string.sub, string.find, table.concat
local tag = KEYS[1]
local number, version, writes = ARGV[2], ARGV[3], tonumber(ARGV[4])

local last_key = tag .. ':i:' .. ARGV[1]
local last_number, last = '0', call('GET', last_key)
if last then
  local cut = find(last, '\n', 1, true)
  last_number = sub(last, 1, cut - 1)
  if last_number == number then
    -- A write also here: WAITAOF waits for what this connection wrote last.
    call('EXPIRE', last_key, RETENTION)
    return sub(last, cut + 1)
  end
end
if tonumber(number) ~= tonumber(last_number) + 1 then
  return 'gap\n' .. last_number
end

local epochs = {}
for first = 1, writes, HMGET_AT_ONCE do
  local final = math.min(first + HMGET_AT_ONCE - 1, writes)
  local some = call('HMGET', tag .. ':e', unpack(ARGV, 4 + first, 4 + final))
  for i = 1, #some do
    epochs[first + i - 1] = some[i]
  end
end

local digest_prefix, snapshot_prefix = tag .. ':d:', tag .. ':a:'
local held, fresh = {}, {}     -- stream -> its digests before and since the first check in this commit
local rows, order = {}, {}     -- channel -> its rows; the channels as they came up
local refused, dropped = {}, 0

local function add_row(channel, row)
  local list = rows[channel]
  if list then
    list[#list + 1] = row
  else
    rows[channel] = { row }
    order[#order + 1] = channel
  end
end

local function add_digests(stream, digests)
  call('APPEND', digest_prefix .. stream, digests)
  local new = fresh[stream]
  if new then
    for i = 1, #digests, 8 do
      new[sub(digests, i, i + 7)] = true
    end
  end
end

local function is_known(stream, digest)
  local all = held[stream]
  if not all then
    all = call('GET', digest_prefix .. stream) or ''
    held[stream], fresh[stream] = all, {}
  end
  if fresh[stream][digest] then
    return true
  end
  local at = find(all, digest, 1, true)
  while at do
    if (at - 1) % 8 == 0 then
      return true
    end
    at = find(all, digest, at + 1, true)
  end
  return false
end

local at = 5 + 2 * writes
for w = 1, writes do
  local ops, charge_point = ARGV[at], ARGV[4 + w]
  at = at + 1
  if epochs[w] ~= ARGV[4 + writes + w] then
    refused[#refused + 1] = charge_point
    for k = 1, #ops do
      at = at + (ARITY[sub(ops, k, k)] or 1)
    end
  else
    for k = 1, #ops do
      local op = sub(ops, k, k)
      if op == '+' then
        add_digests(ARGV[at], ARGV[at + 1])
        at = at + 2
      elseif op == '?' then
        local stream, digest = ARGV[at + 1], ARGV[at + 2]
        if is_known(stream, digest) then
          dropped = dropped + 1
        else
          add_digests(stream, digest)
          add_row(ARGV[at], ARGV[at + 3])
        end
        at = at + 4
      elseif op == '=' then
        local values = 2 * (#ops - k + 1)
        call('HSET', snapshot_prefix .. charge_point, unpack(ARGV, at, at + values - 1))
        at = at + values
        break
      elseif op == '-' then
        call('HDEL', snapshot_prefix .. charge_point, ARGV[at])
        at = at + 1
      elseif op == '~' then
        call('EXPIRE', digest_prefix .. ARGV[at], RETENTION)
        at = at + 1
      else
        add_row(op, ARGV[at])
        at = at + 1
      end
    end
  end
end

local entry = 0
if #order > 0 then
  entry = call('INCR', tag .. ':n')
  local fields = { 'v', version }
  for i = 1, #order do
    local list = rows[order[i]]
    list[1] = '[' .. list[1]
    list[#list] = list[#list] .. ']'
    fields[#fields + 1] = order[i]
    fields[#fields + 1] = concat(list, ',')
  end
  call('XADD', tag .. ':j', entry .. '-0', unpack(fields))
end

local result = entry .. '\n' .. dropped
if #refused > 0 then
  result = result .. '\n' .. concat(refused, '\n')
end
call('SET', last_key, number .. '\n' .. result, 'EX', RETENTION)
return result
