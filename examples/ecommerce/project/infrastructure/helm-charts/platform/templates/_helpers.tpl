{{/*
A service with the defaults filled in, as YAML. Takes (dict "root" $ "name" NAME). By hand, because
sprig's merge functions take `false` and 0 for "not said".
*/}}
{{- define "platform.service" -}}
{{- $service := deepCopy .root.Values.defaults -}}
{{- range $key, $value := get .root.Values.services .name -}}
  {{- if kindIs "map" $value -}}
    {{- range $inner, $field := $value -}}
      {{- $_ := set (get $service $key) $inner $field -}}
    {{- end -}}
  {{- else -}}
    {{- $_ := set $service $key $value -}}
  {{- end -}}
{{- end -}}
{{- toYaml $service -}}
{{- end -}}

{{/* What selects the pods of a service; must not change, so no version is in it. */}}
{{- define "platform.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* The labels of everything that belongs to a service. */}}
{{- define "platform.labels" -}}
{{ include "platform.selector" . }}
app.kubernetes.io/part-of: ecommerce
app.kubernetes.io/version: {{ .root.Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* The settings of a service that are no secrets. Takes root and service. */}}
{{- define "platform.environment" -}}
{{- $common := ternary .root.Values.environment dict .service.common -}}
{{- range $name, $value := mustMerge (dict) .service.environment $common }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* The settings of a service that are secrets. Takes root and service. */}}
{{- define "platform.secrets" -}}
{{- $common := ternary .root.Values.secrets dict .service.common -}}
{{- range $name, $from := mustMerge (dict) .service.secrets $common }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: { name: {{ $from.name }}, key: {{ $from.key }} }
{{- end }}
{{- end -}}

{{/* The fewest pods a service has. */}}
{{- define "platform.pods" -}}
{{- if .service.autoscaling.enabled }}{{ .service.autoscaling.minReplicas }}{{ else }}{{ .service.replicas }}{{ end -}}
{{- end -}}
