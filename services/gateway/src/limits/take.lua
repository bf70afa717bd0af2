-- KEYS: the bucket; the counts of the day; the callers of the day.
-- ARGV: requests a minute (0: no limit), cost, requests a day (0: no limit), the key (empty: not counted), the caller.
-- Returns: 1 allowed, 0 not in this minute, 2 not on this day; left of the minute; seconds until the bucket is
-- full; seconds to wait; requests of the day.
local rate, cost, quota, key = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local allowed, left, full, wait, used = 1, 0, 0, 0, 0
if rate > 0 then
  local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
  local tokens, at = tonumber(bucket[1]) or rate, tonumber(bucket[2]) or now
  tokens = math.min(rate, tokens + math.max(0, now - at) * rate / 60)
  local price = math.min(cost, rate)
  if tokens >= price then
    tokens = tokens - price
  else
    allowed = 0
    wait = math.max(1, math.ceil((price - tokens) * 60 / rate))
  end
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', KEYS[1], 120)
  left, full = math.floor(tokens), math.ceil((rate - tokens) * 60 / rate)
end
if key ~= '' then
  used = tonumber(redis.call('HGET', KEYS[2], key .. ' requests') or '0')
  if allowed == 1 and quota > 0 and used + cost > quota then
    allowed = 2
  end
  if allowed == 1 then
    used = redis.call('HINCRBY', KEYS[2], key .. ' requests', cost)
  else
    redis.call('HINCRBY', KEYS[2], key .. ' refused', 1)
  end
  redis.call('PFADD', KEYS[3], ARGV[5])
  redis.call('EXPIRE', KEYS[2], 691200)
  redis.call('EXPIRE', KEYS[3], 691200)
end
return { allowed, left, full, wait, used }
