-- Lease send slots from every bucket of a send at once: GCRA, one arrival time a bucket, all on this server's clock.
--
-- A bucket is a hash:  tat    µs since 1970: the earliest free slot
--                      pause  ms since 1970: no lease before
--                      epoch  grows with every throttle; slots leased under an older epoch are void
--                      run    the server's run_id when the bucket was seeded
--                      interval  µs between two slots at its cap, as last asked for
--                      rate   messages per second since it was cut; none at its cap
--                      cut    ms since 1970: when the rate was last written
--                      eased  ms since 1970: at half its cap until then
--
-- KEYS  the buckets, each once
-- ARGV  want   slots asked for
--       lead   µs between now and the first slot, at least
--       span   µs of pace that one lease may hold
--       ahead  µs between now and the first slot, at most
--       keep   ms that an unused bucket is kept
--       gain   share of its cap that a cut bucket regains each second
--       then one interval in µs for each key, that of its cap; 0 = the bucket pauses but never limits
--
-- Reply {n, now, start, step, epoch...}    n slots at start, start + step, ... (µs)
--       {0, now, at, key, paused}          nothing before `at` (µs), because of KEYS[key]; paused is 0 or 1
--       {-1, key...}                       these buckets are unseeded: seed them and ask again
--
-- Intervals are those of the rates allowed now. With one interval among the limiting buckets a lease holds several slots. With several it holds one: n slots at the slowest
-- step would reserve the faster bucket for longer than they use it, and starve the others who share it.

local want, lead, span = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ahead, keep, gain = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local CAPS = 6

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
-- A restarted server may have lost the last second of its append-only file; what it remembers is then too early.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')

-- The interval at present: that of the cap, longer while the bucket is cut or eased.
local function present(interval, rate, cut, pause, eased)
  if interval == 0 or not (rate or eased) then
    return interval
  end
  local cap, ms = 1000000 / interval, now / 1000
  local pace = allowed(cap, tonumber(rate), math.max(tonumber(cut or 0), pause), ms, gain)
  if eased and tonumber(eased) > ms then
    pace = math.min(pace, cap / 2)
  end
  return pace < cap and math.ceil(1000000 / pace) or interval
end

local buckets, unseeded = {}, {}
for i, key in ipairs(KEYS) do
  local stored = redis.call('HMGET', key, 'tat', 'pause', 'epoch', 'run', 'rate', 'cut', 'eased')
  if stored[4] ~= run then
    unseeded[#unseeded + 1] = i
  else
    local pause = tonumber(stored[2])
    buckets[i] = {
      tat = tonumber(stored[1]), pause = pause * 1000, epoch = tonumber(stored[3]),
      interval = present(tonumber(ARGV[CAPS + i]), stored[5], stored[6], pause, stored[7]),
    }
  end
end
if #unseeded > 0 then
  return {-1, unpack(unseeded)}
end

local start, holder = now + lead, 0
local pause, pauser = now, 0
local step, mixed = 0, false
for i, bucket in ipairs(buckets) do
  if bucket.pause > pause then
    pause, pauser = bucket.pause, i
  end
  if bucket.interval > 0 then
    -- Nothing we lease ends later than this; beyond it the clock was set back, or the rate rose.
    -- Stored at once, or the limit would move on with the clock and never be reached.
    local latest = now + ahead + math.max(span, bucket.interval)
    if bucket.tat > latest then
      bucket.tat = latest
      redis.call('HSET', KEYS[i], 'tat', string.format('%.0f', latest))
    end
    if bucket.tat > start then
      start, holder = bucket.tat, i
    end
    mixed = mixed or (step > 0 and step ~= bucket.interval)
    step = math.max(step, bucket.interval)
  end
end
if pauser > 0 then
  return {0, now, pause, pauser, 1}
end
if start - now > ahead then
  return {0, now, start - ahead, holder, 0}
end

local n = want
if mixed then
  n = 1
elseif step > 0 then
  n = math.min(want, math.max(1, math.floor(span / step)))
end

local reply = {n, now, start, step}
for i, key in ipairs(KEYS) do
  local bucket = buckets[i]
  local rest = 0
  if bucket.interval > 0 then
    local tat = start + n * bucket.interval
    redis.call('HSET', key, 'tat', string.format('%.0f', tat), 'interval', ARGV[CAPS + i])
    rest = math.ceil((tat - now) / 1000)
  end
  redis.call('PEXPIRE', key, string.format('%.0f', keep + rest))
  reply[#reply + 1] = bucket.epoch
end
return reply
