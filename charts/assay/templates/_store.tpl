{{/* Environment that names the places of the store. */}}
{{- define "assay.store" -}}
{{- with .Values.store.postgres.existingSecret }}
- name: ASSAY_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.Values.store.postgres.key }}
{{- end }}
{{- with .Values.store.s3 }}
{{- if .bucket }}
- name: ASSAY_S3_BUCKET
  value: {{ .bucket | quote }}
- name: ASSAY_S3_REGION
  value: {{ .region | quote }}
{{- with .endpoint }}
- name: ASSAY_S3_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with .prefix }}
- name: ASSAY_S3_PREFIX
  value: {{ . | quote }}
{{- end }}
- name: ASSAY_S3_PATH_STYLE
  value: {{ .pathStyle | quote }}
- name: ASSAY_S3_ALLOW_HTTP
  value: {{ .allowHttp | quote }}
{{- with .existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: accessKeyId
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: secretAccessKey
{{- end }}
{{- end }}
{{- end }}
{{- end }}
