local annotations = obj.metadata.annotations or {}
local reason = obj.status ~= nil and obj.status.reason or nil
local over = obj.status ~= nil and obj.status.finishedAt ~= nil
local approved = annotations["assay.dev/approve"] == "true"
local paused = annotations["assay.dev/pause-rollback"] == "true"
local actions = {}
actions["approve"] = {
  disabled = approved or reason ~= "AwaitingApproval",
  displayName = "Approve",
  iconClass = "fa fa-fw fa-check",
}
actions["pause"] = {
  disabled = paused or over,
  displayName = "Pause",
  iconClass = "fa fa-fw fa-pause",
}
actions["resume"] = {
  disabled = over or not paused,
  displayName = "Resume",
  iconClass = "fa fa-fw fa-play",
}
return actions
