-- Seed buckets that this server does not know, or knew in an earlier run. A bucket that is already seeded stays as it is.
--
-- KEYS  the buckets
-- ARGV  settle  µs: how far ahead of now slots may still be leased that this server has forgotten
--       keep    ms that an unused bucket is kept
--       then one `pause` (ms since 1970) for each key, as the database has it
--
-- Reply: how many were seeded.

local settle, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')

local seeded = 0
for i, key in ipairs(KEYS) do
  local stored = redis.call('HMGET', key, 'tat', 'pause', 'epoch', 'run')
  if stored[4] ~= run then
    local pause = math.max(tonumber(stored[2] or 0), tonumber(ARGV[2 + i]))
    local tat = math.max(tonumber(stored[1] or 0), now + settle)
    -- An epoch that starts at the clock is newer than any that was forgotten.
    local epoch = math.max(tonumber(stored[3] or 0) + 1, tonumber(clock[1]))
    redis.call('HSET', key, 'run', run, 'tat', string.format('%.0f', tat),
      'pause', string.format('%.0f', pause), 'epoch', string.format('%.0f', epoch))
    redis.call('PEXPIRE', key, string.format('%.0f', keep + math.max(0, pause - now / 1000)))
    seeded = seeded + 1
  end
end
return seeded
