-- The budget that is used up, if one is: how many attempts, and in how many milliseconds the oldest leaves the window.
-- The last 16 bytes of an attempt are its caller.
local function over(guesses, now, window, limit, caller, limit_of_caller)
  local live = redis.call('ZRANGEBYSCORE', guesses, string.format('(%.0f', now - window), '+inf', 'WITHSCORES')
  if #live / 2 >= limit then
    return {#live / 2, live[2] + window - now}
  end
  local theirs, oldest = 0, nil
  for at = 1, #live, 2 do
    if string.sub(live[at], 17) == caller then
      theirs, oldest = theirs + 1, oldest or live[at + 1]
    end
  end
  if limit_of_caller > 0 and theirs >= limit_of_caller then
    return {theirs, oldest + window - now}
  end
  return nil
end
