{{/* The labels of one part. Takes (dict "root" $ "part" NAME). */}}
{{- define "monitoring.labels" -}}
{{ include "monitoring.selector" . }}
app.kubernetes.io/part-of: ecommerce
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "monitoring.selector" -}}
app.kubernetes.io/name: {{ .part }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* A part's Service and volume. Takes root, part and port. */}}
{{- define "monitoring.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .part }}
  labels:
    {{- include "monitoring.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "monitoring.selector" . | nindent 4 }}
  ports:
    - { name: http, port: {{ .port }}, targetPort: http }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .part }}
  labels:
    {{- include "monitoring.labels" . | nindent 4 }}
spec:
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: {{ (get .root.Values .part).storage }} } }
{{- end -}}

{{/* The beginning of a part's Deployment, up to its pod's metadata. Takes root, part and config. */}}
{{- define "monitoring.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .part }}
  labels:
    {{- include "monitoring.labels" . | nindent 4 }}
spec:
  replicas: 1
  # The volume can be held by one pod only.
  strategy: { type: Recreate }
  selector:
    matchLabels:
      {{- include "monitoring.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "monitoring.labels" . | nindent 8 }}
      annotations:
        checksum/config: {{ include .config .root | sha256sum }}
{{- end -}}

{{- define "monitoring.container-security" -}}
allowPrivilegeEscalation: false
capabilities: { drop: [ALL] }
{{- end -}}
