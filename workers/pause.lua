-- Pause a bucket, never for shorter than it is paused already, perhaps slow it down, and tell every process.
--
-- KEYS  the bucket
-- ARGV  wait     ms from now
--       epoch    that of the slot which was throttled: many refusals of one epoch move it once; '' always moves it
--       keep     ms that an unused bucket is kept
--       channel  where "<epoch> <ms left> <key>" is published
--       keeps    share of the present rate that is left, if the epoch moves; 1 = the rate stays
--       gain     share of its cap that a cut bucket regains each second
--       floor    share of its cap below which no cut goes
--       least    messages per second below which no cut goes
--
-- Reply {pause (ms since 1970), epoch, ms left, moved (0 or 1), rate ('' at the cap), cut (ms since 1970), interval (µs)}
-- The last two are 0 for a bucket whose pace is not known here: one that does not limit, or that nobody leased from yet.
-- On an unknown bucket the pause waits there to be joined with its seed.

local wait, keep, keeps = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[5])
local gain, floor, least = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)

local stored = redis.call('HMGET', KEYS[1], 'pause', 'epoch', 'rate', 'cut', 'interval', 'eased')
local paused = tonumber(stored[1] or 0)
local pause = math.max(paused, now + wait)
local epoch = tonumber(stored[2] or clock[1])
local moved = ARGV[2] == '' or not stored[2] or tonumber(ARGV[2]) == epoch
if moved then
  epoch = epoch + 1
end

local interval, rate, cut = tonumber(stored[5] or 0), '', 0
if interval > 0 then
  local cap = 1000000 / interval
  -- Written anew at every pause: what was regained so far must not wait for the end of this one once more.
  local pace = allowed(cap, tonumber(stored[3] or nil), math.max(tonumber(stored[4] or 0), paused), now, gain)
  if moved and keeps < 1 then
    if tonumber(stored[6] or 0) > now then
      pace = math.min(pace, cap / 2)
    end
    pace = math.min(cap, math.max(pace * keeps, cap * floor, least))
  end
  cut = now
  if pace < cap then
    rate = string.format('%.17g', pace)
    redis.call('HSET', KEYS[1], 'rate', rate, 'cut', string.format('%.0f', cut))
  else
    redis.call('HDEL', KEYS[1], 'rate', 'cut')
  end
end

local left = pause - now
redis.call('HSET', KEYS[1], 'pause', string.format('%.0f', pause), 'epoch', string.format('%.0f', epoch))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', keep + left))
redis.call('PUBLISH', ARGV[4], string.format('%.0f %.0f %s', epoch, left, KEYS[1]))
return {pause, epoch, left, moved and 1 or 0, rate, cut, interval}
