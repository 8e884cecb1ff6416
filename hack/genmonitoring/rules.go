// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// rules are what Prometheus reads: the content of a rules file, and of the custom resource of its operator.
type rules struct {
	Groups []group `json:"groups"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

// rule records a series or raises an alert.
type rule struct {
	Record      string            `json:"record,omitempty"`
	Alert       string            `json:"alert,omitempty"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// spec returns all rules: of dependencies, and of Mainstay itself.
func spec() rules {
	dependencies := recordings()
	for _, reason := range reasons() {
		dependencies = append(dependencies, reason.rules()...)
	}
	return rules{Groups: []group{
		{Name: "mainstay.dependencies", Rules: append(dependencies, appRules...)},
		{Name: "mainstay.operator", Rules: operatorRules},
	}}
}

// prometheusRule is the custom resource that the Prometheus Operator reads.
func prometheusRule() ([]byte, error) {
	return document(`# The plain rules file: go run ./hack/genmonitoring -rules
`, map[string]any{
		"apiVersion": "monitoring.coreos.com/v1",
		"kind":       "PrometheusRule",
		"metadata":   map[string]any{"name": "mainstay", "namespace": "mainstay-system"},
		"spec":       spec(),
	})
}

// Names of what is recorded.
const (
	unhealthy      = "mainstay:unhealthy"
	required       = "mainstay:required"
	unhealthyCount = "mainstay:unhealthy:count"
)

// one fault is one alert: it is told apart by these.
const faultLabels = "namespace, provider, secret, reason, blame"

// recordings name what the alerts build upon.
func recordings() []rule {
	return []rule{
		{
			// Where a set finds fault with an object that is healthy, or with there being none, the set alone
			// knows, and it is the owner's to mend.
			Record: unhealthy,
			Expr: `max by (kind, namespace, name, provider, secret, reason, blame) (mainstay_dependency_verdict{healthy="False"})
or on (kind, namespace, name, reason)
label_replace(
  max by (kind, namespace, name, provider, reason) (mainstay_dependency_set_member{healthy="False"}),
  "blame", "Owner", "", ""
)`,
		},
		{
			Record: required,
			Expr: `max by (kind, namespace, name) (
  mainstay_dependency_set_member{importance="Required"}
  and on (namespace, set)
  label_replace(mainstay_dependency_set_verdict{healthy="False"}, "set", "$1", "name", "(.+)")
)`,
		},
		{
			Record: unhealthyCount,
			Expr: bySeverity(
				"count by ("+faultLabels+") ("+unhealthy+")",
				"count by ("+faultLabels+") ("+unhealthy+")\n  and on ("+faultLabels+")\n  ("+unhealthy+" and on (kind, namespace, name) "+required+")",
			),
		},
	}
}

// bySeverity is critical for what the second expression holds, and a warning for what only the first does.
func bySeverity(all, critical string) string {
	return fmt.Sprintf(`label_replace(
  %s,
  "severity", "critical", "", ""
)
or ignoring (severity)
label_replace(
  %s,
  "severity", "warning", "", ""
)`, critical, all)
}

// reason is all that the table says of one reason.
type reason struct {
	diagnosis.Diagnosis
	seen, advice []string
}

// inDoubt are the reasons that put every verdict in doubt at once, of which an alert of its own tells.
var inDoubt = []probe.Symptom{probe.ClusterEgressDown, probe.ProofTooOld}

// ownFaults are the open questions that the administrator of the operator has to close, and soon: for as long as they
// are open, what they are about is not probed.
var ownFaults = []probe.Symptom{probe.ProbeFailed}

// reasons returns those that somebody can do something about, in the order of the table.
func reasons() []reason {
	var all []reason
	for _, d := range diagnosis.All() {
		if slices.Contains(inDoubt, d.Symptom) || !d.Fails() && !d.Doubts() && !d.Warns() {
			continue
		}
		// The symptoms of one reason differ in their words alone.
		i := slices.IndexFunc(all, func(r reason) bool { return r.Reason == d.Reason })
		if i < 0 {
			i, all = len(all), append(all, reason{Diagnosis: d})
		}
		all[i].seen, all[i].advice = append(all[i].seen, words(d.Seen)), append(all[i].advice, words(d.Advice))
	}
	return all
}

// words writes a sentence of the table for whatever objects an alert is about: labels name what all of them
// share, and what differs between them stays general, as HOST does.
func words(sentence string) string {
	general := diagnosis.Subject{
		Kind: "object", Namespace: "{{ $labels.namespace }}", SecretName: "{{ $labels.secret }}",
		Terms: probe.Terms{
			Provider: "{{ $labels.provider }}", Credential: "credential", Host: "HOST", Keys: []string{"that spec.secretRef names"},
		},
	}
	sentence = strings.NewReplacer(
		"edit {object}", "edit KIND NAME", "{object}", "the object", " of kind {kind}", "", "{secret}", "Secret {secretName}", " ({secretKeys})", "",
	).Replace(sentence)
	text := general.Say(sentence, nil)
	return strings.ToUpper(text[:1]) + text[1:]
}

// choices joins what is said of a reason that has several symptoms. Where there are more than a few nobody reads on,
// and otherwise stands for all.
func choices(texts []string, otherwise string) string {
	const most = 4
	texts = distinct(texts)
	if len(texts) > most {
		return otherwise
	}
	return strings.Join(texts, " Or: ")
}

// rules are the alert on a reason: a fault, an open question or an early warning.
func (r reason) rules() []rule {
	alert := rule{
		Labels: map[string]string{"reason": r.Reason, "stage": r.Symptom.Stage().String()},
		Annotations: map[string]string{
			"summary": "{{ $labels.namespace }}: " + r.Reason +
				`{{ if and $labels.provider (ne $labels.provider "None") }} at {{ $labels.provider }}{{ end }}` +
				"{{ with $labels.secret }}, Secret {{ . }}{{ end }}",
			"description": "Dependencies concerned: {{ $value }}. " + choices(r.seen,
				"The condition Healthy of each says which of several causes it is."),
			"advice": choices(r.advice,
				"kubectl mainstay why -n {{ $labels.namespace }} names each object, its cause and the fix."),
		},
	}
	count := "count by (" + faultLabels + ") (%s)"
	switch {
	case r.Fails():
		alert.Alert, alert.For = alertUnhealthy, "1m"
		alert.Expr = fmt.Sprintf("%s{reason=%q}", unhealthyCount, r.Reason)
	case r.Doubts():
		alert.Alert, alert.For, alert.Labels["severity"] = alertUndecided, "1h", "info"
		if slices.Contains(ownFaults, r.Symptom) {
			alert.For, alert.Labels["severity"] = "1m", "warning"
		}
		alert.Expr = fmt.Sprintf(count, fmt.Sprintf(`mainstay_dependency_verdict{healthy="Unknown", reason=%q}`, r.Reason))
	default:
		alert.Alert, alert.For, alert.Labels["severity"] = alertWarning, "15m", "warning"
		alert.Expr = fmt.Sprintf(count, fmt.Sprintf("mainstay_dependency_warning{reason=%q}", r.Reason))
	}
	return []rule{alert}
}

// distinct leaves out what is said again.
func distinct(sentences []string) []string {
	var found []string
	for _, s := range sentences {
		if !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	return found
}
