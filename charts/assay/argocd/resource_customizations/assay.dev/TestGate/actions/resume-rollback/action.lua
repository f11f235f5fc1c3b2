-- Takes the pause back.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["assay.dev/pause-rollback"] = nil
return obj
