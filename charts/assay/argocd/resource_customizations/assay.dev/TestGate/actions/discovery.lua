local annotations = obj.metadata.annotations or {}
local paused = annotations["assay.dev/pause-rollback"] == "true"
local actions = {}
actions["rerun"] = {
  displayName = "Judge again",
  iconClass = "fa fa-fw fa-redo",
}
actions["pause-rollback"] = {
  disabled = paused or obj.spec.rollback == nil,
  displayName = "Pause rollbacks",
  iconClass = "fa fa-fw fa-pause",
}
actions["resume-rollback"] = {
  disabled = not paused,
  displayName = "Resume rollbacks",
  iconClass = "fa fa-fw fa-play",
}
return actions
