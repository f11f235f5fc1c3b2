-- An execution's verdict is final, so running it again is another one, with the
-- same values and without the tracking marks of a GitOps tool. Empty tables are
-- left out: they would become lists.
local function kept(value)
  if type(value) == "table" and next(value) == nil then
    return nil
  end
  return value
end

local again = {
  apiVersion = obj.apiVersion,
  kind = obj.kind,
  metadata = {
    generateName = obj.spec.workflowRef.name .. "-",
    namespace = obj.metadata.namespace,
    annotations = {},
    labels = {},
  },
  spec = {
    workflowRef = obj.spec.workflowRef,
    config = kept(obj.spec.config),
    configFrom = kept(obj.spec.configFrom),
    revision = obj.spec.revision,
  },
}
again.metadata.annotations["assay.dev/rerun-of"] = obj.metadata.name
again.metadata.labels["assay.dev/workflow"] = obj.spec.workflowRef.name

local result = {}
result[1] = { operation = "create", resource = again }
return result
