local over = obj.status ~= nil and obj.status.verdict ~= nil
local actions = {}
actions["cancel"] = {
  disabled = over,
  displayName = "Cancel",
  iconClass = "fa fa-fw fa-stop",
}
actions["rerun"] = {
  disabled = not over,
  displayName = "Run again",
  iconClass = "fa fa-fw fa-redo",
}
return actions
