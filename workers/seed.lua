-- Seed buckets that this server does not know, or knew in an earlier run. A bucket that is already seeded stays as it is.
--
-- KEYS  the buckets
-- ARGV  settle  µs: how far ahead of now slots may still be leased that this server has forgotten
--       keep    ms that an unused bucket is kept
--       then `pause`, `rate`, `cut` and `eased` for each key, as the database has them and as lease.lua tells them;
--       rate '' = at its cap
--
-- Reply: how many were seeded.

local settle, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')

local function whole(number)
  return string.format('%.0f', number)
end

local seeded = 0
for i, key in ipairs(KEYS) do
  local stored = redis.call('HMGET', key, 'tat', 'pause', 'epoch', 'run', 'cut', 'eased')
  if stored[4] ~= run then
    local given = 4 * i - 2
    local pause = math.max(tonumber(stored[2] or 0), tonumber(ARGV[given + 1]))
    local eased = math.max(tonumber(stored[6] or 0), tonumber(ARGV[given + 4]))
    local tat = math.max(tonumber(stored[1] or 0), now + settle)
    -- An epoch that starts at the clock is newer than any that was forgotten.
    local epoch = math.max(tonumber(stored[3] or 0) + 1, tonumber(clock[1]))
    redis.call('HSET', key, 'run', run, 'tat', whole(tat), 'pause', whole(pause), 'epoch', whole(epoch),
      'eased', whole(eased))
    if tonumber(ARGV[given + 3]) > tonumber(stored[5] or 0) then
      if ARGV[given + 2] == '' then
        redis.call('HDEL', key, 'rate', 'cut')
      else
        redis.call('HSET', key, 'rate', ARGV[given + 2], 'cut', ARGV[given + 3])
      end
    end
    redis.call('PEXPIRE', key, whole(keep + math.max(0, pause - now / 1000)))
    seeded = seeded + 1
  end
end
return seeded
