-- Any new value judges the deployed revision anew.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["assay.dev/rerun"] = os.date("!%Y-%m-%dT%XZ")
return obj
