{{- /*
SPDX-FileCopyrightText: The Mainstay Authors
SPDX-License-Identifier: Apache-2.0
*/ -}}

{{- define "mainstay.name" -}}
{{- if contains "mainstay" .Release.Name -}}{{ .Release.Name }}{{- else -}}{{ .Release.Name }}-mainstay{{- end -}}
{{- end -}}

{{- define "mainstay.selector" -}}
app.kubernetes.io/name: mainstay
app.kubernetes.io/component: manager
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mainstay.labels" -}}
app.kubernetes.io/name: mainstay
app.kubernetes.io/part-of: mainstay
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "mainstay.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "mainstay.name" . }}-manager
    namespace: {{ .Release.Namespace }}
{{- end -}}

{{- /* What the operator may do with the kinds, and with what they refer to. */ -}}
{{- define "mainstay.rules" -}}
{{- $role := .Files.Get "files/role.yaml" | fromYaml -}}
{{- range $rule := $role.rules -}}
{{- if and (has "secrets" $rule.resources) (not $.Values.watchSecrets) }}{{ $_ := set $rule "verbs" (list "get") }}{{ end -}}
{{- end -}}
rules:
  {{- toYaml $role.rules | nindent 2 }}
{{- end -}}
