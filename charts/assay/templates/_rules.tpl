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
{{- if .Values.gitops.enabled }}
{{ include "assay.rules.gitops" . }}
{{- end }}
{{- end }}

{{/* What gates need where they, and what they judge, are. */}}
{{- define "assay.rules.gitops" -}}
- apiGroups: [assay.dev]
  resources: [testgates, rollbacks]
  verbs: [get, list, watch]
# A gate's executions, and their cancellation when a newer revision comes.
- apiGroups: [assay.dev]
  resources: [testexecutions]
  verbs: [create, patch]
# The record of each decision about a bad revision; those of dry runs are removed again.
- apiGroups: [assay.dev]
  resources: [rollbacks]
  verbs: [create, delete]
- apiGroups: [assay.dev]
  resources: [testgates/status, rollbacks/status]
  verbs: [patch]
# Executions block the deletion of their gate.
- apiGroups: [assay.dev]
  resources: [testgates/finalizers]
  verbs: [update]
# What delivers.
- apiGroups: [argoproj.io]
  resources: [applications]
  verbs: [get, list, watch]
- apiGroups: [kustomize.toolkit.fluxcd.io]
  resources: [kustomizations]
  verbs: [get, list, watch]
- apiGroups: [helm.toolkit.fluxcd.io]
  resources: [helmreleases]
  verbs: [get, list, watch]
- apiGroups: [source.toolkit.fluxcd.io]
  resources: [gitrepositories]
  verbs: [get, list, watch]
- apiGroups: [image.toolkit.fluxcd.io]
  resources: [imageupdateautomations]
  verbs: [get, list, watch]
# Whether what was delivered is ready; Jobs are read above.
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [get]
{{- if .Values.gitops.refresh }}
# The annotation that asks Flux for a new look: what delivers from the repository follows.
- apiGroups: [source.toolkit.fluxcd.io]
  resources: [gitrepositories]
  verbs: [patch]
{{- end }}
{{- if or .Values.gitops.refresh .Values.gitops.unblock }}
# The annotation that asks Argo CD for a new look, or the end of an operation: the
# status of an Application is no resource of its own, so one right is both. The
# manager does no more of it than it was told.
- apiGroups: [argoproj.io]
  resources: [applications]
  verbs: [patch]
{{- end }}
{{- end }}
