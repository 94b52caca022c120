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
-- Campaigns share a page by stride. Beside its first bucket stands `<bucket>:shares`, a hash with a field for each
-- campaign that asked lately: the slots it has had over its weight, and when it asked (ms since 1970). Who has had more
-- waits for the others, but lets no slot pass that nobody else comes for: a campaign that is paused, ends, or is kept
-- lower by a limit of its own leaves the page to them. Who comes, or comes back, starts where the one with least stands,
-- with no claim on the past; and nobody owes the others more than a second of the page.
--
-- KEYS  the buckets of the first ask, each once, then those of the next, and so on
-- ARGV  lead   µs between now and the first slot, at least
--       span   µs of pace that one lease may hold
--       ahead  µs between now and the first slot, at most
--       keep   ms that an unused bucket is kept
--       gain   share of its cap that a cut bucket regains each second
--       then for each ask: slots asked for; the campaign's name and its weight; how many buckets; for each of them the
--       interval in µs of its cap, 0 = the bucket pauses but never limits. Without a name it shares with nobody.
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

-- Who asked within this many ms, or within three slots, counts as wanting more.
local LATELY = 1000

-- So long (µs) before it is too late for a slot it goes to whoever asks: time to ask again, and for others to come first.
local SPARE = 20000

-- What campaigns have had of a page: the least of the others, with that one's weight, and what this one has had.
local function shares(key, name, step)
  local since = now / 1000 - math.max(LATELY, 3 * step / 1000)
  local stored = redis.call('HGETALL', key)
  local own, least, weight = nil, nil, 1
  for i = 1, #stored, 2 do
    local had, asked, of = string.match(stored[i + 1], '([%d.]+) (%d+) ([%d.]+)')
    if tonumber(asked) < since then
      redis.call('HDEL', key, stored[i])
    elseif stored[i] == name then
      own = tonumber(had)
    elseif not least or tonumber(had) < least then
      least, weight = tonumber(had), tonumber(of)
    end
  end
  return own or least or 0, least, weight
end

local function remember(key, name, had, weight, step)
  redis.call('HSET', key, name, string.format('%.6f %.0f %s', had, now / 1000, weight))
  redis.call('PEXPIRE', key, string.format('%.0f', math.max(10 * LATELY, step / 100)))
end

-- One lease: `want` slots from the `count` buckets behind KEYS[before], whose caps stand behind ARGV[caps].
local function lease(want, before, count, caps, name, weight)
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
  local had, least, others
  if name ~= '' and step > 0 then
    had, least, others = shares(KEYS[before + 1] .. ':shares', name, step)
  end
  if start - now > ahead then
    if had then
      remember(KEYS[before + 1] .. ':shares', name, had, weight, step)
    end
    return {0, start - ahead, holder, 0}
  end
  local spare = least and buckets[1].tat - lead - SPARE - now
  if least and had > least and spare > 0 then
    remember(KEYS[before + 1] .. ':shares', name, had, weight, step)
    local behind = (had - least) * others * step / 2
    return {0, now + math.max(math.min(behind, spare), SPARE / 2), 1, 0}
  end

  local n = want
  if mixed then
    n = 1
  elseif step > 0 then
    n = math.min(want, math.max(1, math.floor(span / step)))
  end

  if had then
    had = had + n / weight
    if least then
      had = math.min(had, least + math.max(n, 1000000 / step) / weight)
    end
    remember(KEYS[before + 1] .. ':shares', name, had, weight, step)
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
  local want, name, weight, count = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  reply[#reply + 1] = lease(want, before, count, at + 3, name, weight)
  before, at = before + count, at + 4 + count
end
return reply
