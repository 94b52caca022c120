-- End a bucket's pause and tell every process. An unknown bucket has none in Redis; its row is the caller's to change.
--
-- KEYS  the bucket
-- ARGV  channel  where "<epoch> 0 <key>" is published
--
-- Reply: the epoch, or 0 for an unknown bucket.

local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  return 0
end
redis.call('HSET', KEYS[1], 'pause', '0')
redis.call('PUBLISH', ARGV[1], string.format('%s 0 %s', epoch, KEYS[1]))
return tonumber(epoch)
