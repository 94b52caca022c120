-- Pause a bucket, never for shorter than it is paused already, and tell every process.
--
-- KEYS  the bucket
-- ARGV  wait     ms from now
--       epoch    that of the slot which was throttled: many refusals of one epoch move it once; '' always moves it
--       keep     ms that an unused bucket is kept
--       channel  where "<epoch> <ms left> <key>" is published
--
-- Reply {pause (ms since 1970), epoch, ms left}. On an unknown bucket the pause waits there to be joined with its seed.

local wait, keep = tonumber(ARGV[1]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)

local stored = redis.call('HMGET', KEYS[1], 'pause', 'epoch')
local pause = math.max(tonumber(stored[1] or 0), now + wait)
local epoch = tonumber(stored[2] or clock[1])
if ARGV[2] == '' or not stored[2] or tonumber(ARGV[2]) == epoch then
  epoch = epoch + 1
end

local left = pause - now
redis.call('HSET', KEYS[1], 'pause', string.format('%.0f', pause), 'epoch', string.format('%.0f', epoch))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', keep + left))
redis.call('PUBLISH', ARGV[4], string.format('%.0f %.0f %s', epoch, left, KEYS[1]))
return {pause, epoch, left}
