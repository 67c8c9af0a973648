-- The budget that is used up, if one is: how many attempts, and in how many milliseconds there is one fewer than allowed.
-- The last 16 bytes of an attempt are its caller.
local function over(guesses, now, window, limit, caller, limit_of_caller)
  local live = redis.call('ZRANGEBYSCORE', guesses, string.format('(%.0f', now - window), '+inf', 'WITHSCORES')
  local all, theirs = {}, {}
  for at = 1, #live, 2 do
    all[#all + 1] = live[at + 1]
    if string.sub(live[at], 17) == caller then
      theirs[#theirs + 1] = live[at + 1]
    end
  end
  if #all >= limit then
    return {#all, all[#all - limit + 1] + window - now}
  end
  if limit_of_caller > 0 and #theirs >= limit_of_caller then
    return {#theirs, theirs[#theirs - limit_of_caller + 1] + window - now}
  end
  return nil
end
