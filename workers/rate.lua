-- What a bucket that learns allows now. Put in front of the scripts that call it.
--
-- A refusal cuts the rate (pause.lua); from then, or from the end of the pause, it grows by `gain` of the cap each
-- second. That is a pure function of time: nobody has to be there to raise it.
--
-- cap, rate  messages per second; without a `rate` the bucket is at its cap
-- since      ms since 1970: when it began to grow
local function allowed(cap, rate, since, now, gain)
  if not rate then
    return cap
  end
  return math.min(cap, rate + gain * cap * math.max(0, now - since) / 1000)
end

