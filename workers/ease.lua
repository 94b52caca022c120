-- Hold a bucket at half its cap for a while, or no longer. Slots that are leased already stand.
--
-- KEYS  the bucket
-- ARGV  ms    from now; 0 ends it
--       keep  ms that an unused bucket is kept
--
-- Reply {eased (ms since 1970), interval (µs; 0 where the bucket's pace is not known here)}

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local eased = now + tonumber(ARGV[1])
redis.call('HSET', KEYS[1], 'eased', string.format('%.0f', eased))
local left = redis.call('PTTL', KEYS[1])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(left, ARGV[2] + ARGV[1])))
return {eased, tonumber(redis.call('HGET', KEYS[1], 'interval') or 0)}
