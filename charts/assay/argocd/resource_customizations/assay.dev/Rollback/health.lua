-- Health from the conditions alone; needs no library but the base one.
-- Nothing is returned empty: Argo CD takes that for healthy.

local status = obj.status
local seen = status ~= nil and status.observedGeneration or nil
if seen == nil or seen < 0 then
  return { status = "Progressing", message = "the rollback was not looked at yet" }
end
if obj.metadata.generation ~= nil and obj.metadata.generation ~= seen then
  return { status = "Progressing", message = "the rollback was changed and not looked at since" }
end

local found = {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.status == "True" then
    found[condition.type] = condition
  end
end

if found.Stalled ~= nil then
  return { status = "Degraded", message = found.Stalled.message or found.Stalled.reason }
end
if found.Reconciling ~= nil then
  local reason = found.Reconciling.reason
  local message = found.Reconciling.message or reason
  -- Somebody must approve, or merge.
  if reason == "AwaitingApproval" or reason == "PullRequestOpen" then
    return { status = "Suspended", message = message }
  end
  return { status = "Progressing", message = message }
end
if found.Ready ~= nil then
  return { status = "Healthy", message = found.Ready.message or found.Ready.reason }
end
return { status = "Progressing", message = "the rollback has no verdict yet" }
