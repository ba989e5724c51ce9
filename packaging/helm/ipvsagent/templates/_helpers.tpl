{{- /*
A value in YAML's flow style. The templates use what Go's text/template has by itself and nothing of Helm's own, so that
any program made with it renders them; tests/checks/helm does.
*/ -}}
{{- define "ipvsagent.flow" -}}
{{- $type := printf "%T" . -}}
{{- if eq $type "map[string]interface {}" -}}
{ {{- range $name, $value := . }}{{ printf "%q" $name }}: {{ template "ipvsagent.flow" $value }}, {{ end -}} }
{{- else if eq $type "[]interface {}" -}}
[ {{- range . }}{{ template "ipvsagent.flow" . }}, {{ end -}} ]
{{- else if eq $type "string" -}}
{{ printf "%q" . }}
{{- else if eq $type "<nil>" -}}
null
{{- else if eq $type "float64" -}}
{{- /* As a whole number if it is one: 1000000 and not 1e+06. */ -}}
{{- if eq (printf "%.6f" .) (printf "%.0f.000000" .) }}{{ printf "%.0f" . }}{{ else }}{{ . }}{{ end -}}
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}
{{- define "ipvsagent.image" -}}
{{ .Values.image.repository }}:{{ if .Values.image.tag }}{{ .Values.image.tag }}{{ else }}{{ .Chart.AppVersion }}{{ end }}
{{- end -}}
