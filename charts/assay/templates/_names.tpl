{{/*
Names are fixed, not derived from the release: the command line finds the Service
and its service account by name, and there is one Assay in a cluster.
*/}}

{{- define "assay.selector" -}}
app.kubernetes.io/name: assay
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "assay.labels" -}}
{{ include "assay.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: assay
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Reference of an image. Arguments: root, image. */}}
{{- define "assay.image" -}}
{{- $version := ternary (printf "@%s" .image.digest) (printf ":%s" (.image.tag | default .root.Chart.AppVersion)) (not (empty .image.digest)) -}}
{{- with .root.Values.image.registry }}{{ . }}/{{ end }}{{ .image.repository }}{{ $version }}
{{- end }}

{{/* Cluster-wide, so its name tells two releases apart. */}}
{{- define "assay.webhook" -}}
assay-{{ .Release.Namespace }}
{{- end }}
