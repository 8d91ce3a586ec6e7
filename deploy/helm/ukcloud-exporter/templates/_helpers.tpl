{{- define "ukcloud-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ukcloud-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "ukcloud-exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "ukcloud-exporter.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "ukcloud-exporter.selector" -}}
app.kubernetes.io/name: {{ include "ukcloud-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ukcloud-exporter.labels" -}}
{{ include "ukcloud-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "ukcloud-exporter.passwordSecret" -}}
{{- if and .Values.password.existingSecret .Values.password.value }}
{{- fail "password.existingSecret and password.value are both given: leave one of the two out" }}
{{- else if .Values.password.existingSecret }}
{{- .Values.password.existingSecret }}
{{- else if .Values.password.value }}
{{- include "ukcloud-exporter.fullname" . }}
{{- else }}
{{- fail "password.existingSecret is needed, or password.value" }}
{{- end }}
{{- end }}

{{- define "ukcloud-exporter.endpoint" -}}
port: http
path: /metrics
scheme: {{ .Values.web.scheme | lower }}
interval: {{ .Values.monitor.interval }}
scrapeTimeout: {{ .Values.monitor.scrapeTimeout }}
{{- with .Values.monitor.tlsConfig }}
tlsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.monitor.basicAuth }}
basicAuth: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.monitor.relabelings }}
relabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.monitor.metricRelabelings }}
metricRelabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
