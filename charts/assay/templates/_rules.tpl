{{/* What the manager does wherever it looks after executions, and nothing else. */}}
{{- define "assay.rules" -}}
- apiGroups: [assay.dev]
  resources: [testworkflows, testworkflowtemplates, testexecutions]
  verbs: [get, list, watch]
# Retention.
- apiGroups: [assay.dev]
  resources: [testexecutions]
  verbs: [delete]
- apiGroups: [assay.dev]
  resources: [testworkflows/status, testworkflowtemplates/status, testexecutions/status]
  verbs: [patch]
# Jobs block the deletion of their execution; where the API server checks that
# (OpenShift does) it asks for this right.
- apiGroups: [assay.dev]
  resources: [testexecutions/finalizers]
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
# The plan of each execution. It is immutable: another one under its name is replaced.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, create, patch, delete]
# Whether a namespace enforces Pod Security.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
# What the cluster says of a pod that does not come.
- apiGroups: [""]
  resources: [events]
  verbs: [list]
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
