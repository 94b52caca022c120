-- Lease send slots, each from every bucket of its send at once: GCRA, one arrival time a bucket, all on this server's
-- clock. Those who ask together are served one after the other, as if they had come so.
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
-- KEYS  the buckets of the first ask, each once, then those of the next, and so on
-- ARGV  lead   µs between now and the first slot, at least
--       span   µs of pace that one lease may hold
--       ahead  µs between now and the first slot, at most
--       keep   ms that an unused bucket is kept
--       gain   share of its cap that a cut bucket regains each second
--       then for each ask: slots asked for; how many buckets; for each of them the interval in µs of its cap,
--       0 = the bucket pauses but never limits
--
-- Reply {now, lease...}, where a lease is
--       {n, start, step, epoch...}    n slots at start, start + step, ... (µs)
--       {0, at, key, paused}          nothing before `at` (µs), because of the ask's `key`th bucket; paused is 0 or 1
--       {-1, key...}                  these of its buckets are unseeded: seed them and ask again
--
-- Intervals are those of the rates allowed now. With one interval among the limiting buckets a lease holds several slots.
-- With several it holds one: n slots at the slowest step would reserve the faster bucket for longer than they use it, and
-- starve the others who share it.

local lead, span, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local keep, gain = tonumber(ARGV[4]), tonumber(ARGV[5])
local ASKS = 6

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
-- A restarted server may have lost the last second of its append-only file; what it remembers is then too early.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')

local known = {}

-- A bucket, read once for all who ask; false where it is unseeded.
local function read(key)
  if known[key] == nil then
    local stored = redis.call('HMGET', key, 'tat', 'pause', 'epoch', 'run', 'rate', 'cut', 'eased')
    known[key] = stored[4] == run and {
      tat = tonumber(stored[1]), pause = tonumber(stored[2]), epoch = tonumber(stored[3]),
      rate = tonumber(stored[5] or nil), cut = tonumber(stored[6] or 0), eased = tonumber(stored[7] or 0),
    }
  end
  return known[key]
end

-- The interval at present: that of the cap, longer while the bucket is cut or eased.
local function present(interval, bucket)
  if interval == 0 or not (bucket.rate or bucket.eased > 0) then
    return interval
  end
  local cap, ms = 1000000 / interval, now / 1000
  local pace = allowed(cap, bucket.rate, math.max(bucket.cut, bucket.pause), ms, gain)
  if bucket.eased > ms then
    pace = math.min(pace, cap / 2)
  end
  return pace < cap and math.ceil(1000000 / pace) or interval
end

-- Nothing we lease ends later than this; beyond it the clock was set back, or the rate rose.
-- Stored at once, or the limit would move on with the clock and never be reached.
local function hold_back(key, bucket, interval)
  local latest = now + ahead + math.max(span, interval)
  if bucket.tat > latest then
    bucket.tat = latest
    redis.call('HSET', key, 'tat', string.format('%.0f', latest))
  end
end

-- Note that `n` slots from `start` are taken.
local function take(key, bucket, cap, interval, start, n)
  local rest = 0
  if interval > 0 then
    bucket.tat = start + n * interval
    redis.call('HSET', key, 'tat', string.format('%.0f', bucket.tat), 'interval', cap)
    rest = math.ceil((bucket.tat - now) / 1000)
  end
  if interval > 0 or not bucket.kept then
    redis.call('PEXPIRE', key, string.format('%.0f', keep + rest))
    bucket.kept = true
  end
end

-- One lease: `want` slots from the `count` buckets behind KEYS[before], whose caps stand behind ARGV[caps].
local function lease(want, before, count, caps)
  local buckets, intervals, unseeded = {}, {}, {}
  for i = 1, count do
    buckets[i] = read(KEYS[before + i])
    if not buckets[i] then
      unseeded[#unseeded + 1] = i
    end
  end
  if #unseeded > 0 then
    return {-1, unpack(unseeded)}
  end

  local start, holder = now + lead, 0
  local pause, pauser = now, 0
  local step, mixed = 0, false
  for i, bucket in ipairs(buckets) do
    local interval = present(tonumber(ARGV[caps + i]), bucket)
    intervals[i] = interval
    if bucket.pause * 1000 > pause then
      pause, pauser = bucket.pause * 1000, i
    end
    if interval > 0 then
      hold_back(KEYS[before + i], bucket, interval)
      if bucket.tat > start then
        start, holder = bucket.tat, i
      end
      mixed = mixed or (step > 0 and step ~= interval)
      step = math.max(step, interval)
    end
  end
  if pauser > 0 then
    return {0, pause, pauser, 1}
  end
  if start - now > ahead then
    return {0, start - ahead, holder, 0}
  end

  local n = want
  if mixed then
    n = 1
  elseif step > 0 then
    n = math.min(want, math.max(1, math.floor(span / step)))
  end

  local got = {n, start, step}
  for i, bucket in ipairs(buckets) do
    take(KEYS[before + i], bucket, ARGV[caps + i], intervals[i], start, n)
    got[#got + 1] = bucket.epoch
  end
  return got
end

local reply, before, at = {now}, 0, ASKS
while at <= #ARGV do
  local want, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  reply[#reply + 1] = lease(want, before, count, at + 1)
  before, at = before + count, at + 2 + count
end
return reply
