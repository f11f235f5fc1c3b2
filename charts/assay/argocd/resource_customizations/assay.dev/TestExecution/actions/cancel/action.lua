-- An annotation is not in Git, so it is no drift; it cancels like spec.cancel.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["assay.dev/cancel"] = "true"
return obj
