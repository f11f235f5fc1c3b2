-- Rollbacks of this gate wait until it is taken back.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["assay.dev/pause-rollback"] = "true"
return obj
