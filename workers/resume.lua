-- End a bucket's pause and tell every process. An unknown bucket has none in Redis; its row is the caller's to change.
--
-- KEYS  the bucket
-- ARGV  channel  where "<epoch> 0 <key>" is published
--
-- Reply: the epoch, or 0 for an unknown bucket.

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local stored = redis.call('HMGET', KEYS[1], 'epoch', 'pause', 'rate')
if not stored[1] then
  return 0
end
if stored[3] and tonumber(stored[2] or 0) > now then
  -- A cut bucket regains nothing while it pauses, and begins now.
  redis.call('HSET', KEYS[1], 'cut', string.format('%.0f', now))
end
redis.call('HSET', KEYS[1], 'pause', '0')
redis.call('PUBLISH', ARGV[1], string.format('%s 0 %s', stored[1], KEYS[1]))
return tonumber(stored[1])
