#!lua
-- Take a charge point's activation and read its snapshot, in one step.
-- KEYS[1] is the partition's hash tag. ARGV: charge point, host, incarnation, the epoch to take it over from or "".
-- Answers: won (1 or 0), the epoch in force, "host \n incarnation" of the holder before, the snapshot parts as a flat list.

local tag, charge_point = KEYS[1], ARGV[1]
local epoch = redis.call('HGET', tag .. ':e', charge_point) or '0'
local holder = redis.call('HGET', tag .. ':h', charge_point) or '\n'
local won = ARGV[4] == '' or ARGV[4] == epoch
if won then
  epoch = redis.call('HINCRBY', tag .. ':e', charge_point, 1)
  redis.call('HSET', tag .. ':h', charge_point, ARGV[2] .. '\n' .. ARGV[3])
end
return { won and 1 or 0, tonumber(epoch), holder, redis.call('HGETALL', tag .. ':a:' .. charge_point) }
