// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

// The alerts on dependencies that the table of diagnoses makes, one rule a reason.
const (
	alertUnhealthy = "MainstayDependencyUnhealthy"
	alertUndecided = "MainstayDependencyUndecided"
	alertWarning   = "MainstayDependencyWarning"
)

// The other alerts.
const (
	alertSet              = "MainstayDependencySetUnhealthy"
	alertExpiring         = "MainstayCredentialExpiring"
	alertHeadroom         = "MainstayHeadroomLow"
	alertStretched        = "MainstayProbedLessOften"
	alertAbsent           = "MainstayAbsent"
	alertNoLeader         = "MainstayNoLeader"
	alertLease            = "MainstayLeaseNotRenewed"
	alertEgress           = "MainstayEgressDown"
	alertStale            = "MainstayProofTooOld"
	alertNotSeen          = "MainstayDependencyNotSeen"
	alertVerdictsAbsent   = "MainstayVerdictsAbsent"
	alertLabelsNotHonored = "MainstayLabelsNotHonored"
	alertLate             = "MainstayProbesLate"
	alertSkipped          = "MainstayProbesSkipped"
	alertOwnRequests      = "MainstayOwnRequestsRefused"
	alertReconcile        = "MainstayReconcileErrors"
)

// What makes the alert on a credential that expires.
const (
	soon          = "mainstay_credential_expiry_time_seconds - time() < 3 * 86400"
	perCredential = "min by (namespace, provider, secret) ("
)

// appRules are the alerts on dependencies that no reason of the table makes.
var appRules = []rule{
	{
		Alert: alertSet, For: "2m", Labels: severity("critical"),
		Expr: `max by (namespace, name, reason) (mainstay_dependency_set_verdict{healthy="False"})`,
		Annotations: says(
			"{{ $labels.namespace }}/{{ $labels.name }} lacks what it requires: {{ $labels.reason }}",
			"What the app declares as required in DependencySet {{ $labels.name }} is not healthy.",
			"See the alert with reason {{ $labels.reason }} in this namespace, or run: kubectl describe dependencyset -n {{ $labels.namespace }} {{ $labels.name }}",
		),
	},
	{
		Alert: alertExpiring, For: "15m", // The series have a severity.
		Expr: bySeverity(
			perCredential+soon+")",
			perCredential+"("+soon+") and on (kind, namespace, name) mainstay_dependency_set_member{importance=\"Required\"})",
		),
		Annotations: says(
			"{{ $labels.namespace }}: a credential of {{ $labels.provider }} expires within three days",
			"The credential in Secret {{ $labels.secret }} has {{ $value | humanizeDuration }} left.",
			"Create a new one at {{ $labels.provider }} and put it there.",
		),
	},
	{
		Alert: alertHeadroom, For: "15m", Labels: severity("warning"),
		Expr: "min by (namespace, provider, resource) (mainstay_provider_remaining / mainstay_provider_limit) < 0.1",
		Annotations: says(
			"{{ $labels.namespace }}: little is left of a limit at {{ $labels.provider }}",
			"Of {{ $labels.resource }}, {{ $value | humanizePercentage }} of what {{ $labels.provider }} grants is left.",
			"Let the app use less, or have {{ $labels.provider }} raise the limit, before requests are refused.",
		),
	},
	{
		Alert: alertStretched, For: "1h", Labels: severity("info"),
		Expr: "count by (namespace, provider, secret) (mainstay_probe_effective_period_seconds)",
		Annotations: says(
			"{{ $labels.namespace }}: dependencies at {{ $labels.provider }} are probed less often than they ask for",
			"Dependencies concerned: {{ $value }}. They share the credential in Secret {{ $labels.secret }}, of whose rate limit Mainstay takes a small share.",
			"Give them a longer spec.periodSeconds or credentials of their own, or leave it so: status.effectivePeriodSeconds says how often they are probed.",
		),
	},
}

// leases matches the Lease of an installation and those of its shards.
const leases = `"mainstay(-[0-9a-f]{8})?"`

// What puts all verdicts in doubt.
var egress, stale = diagnosis.Of(probe.ClusterEgressDown), diagnosis.Of(probe.ProofTooOld)

// operatorRules are the alerts on Mainstay itself: without it the verdicts say nothing.
var operatorRules = []rule{
	{
		Alert: alertAbsent, For: "5m", Labels: mainstays("critical"),
		Expr: "absent(mainstay_probes_in_flight)",
		Annotations: says(
			"Prometheus gets no metrics of Mainstay",
			"Either nothing runs, or it cannot be scraped. Meanwhile nobody is told of faults, and what statuses say may no longer hold.",
			"See whether its Pods run, and whether the ServiceAccount of Prometheus is bound to the ClusterRole mainstay-metrics-reader.",
		),
	},
	{
		Alert: alertNoLeader, For: "2m", Labels: mainstays("critical"),
		Expr: "max by (namespace, name) (leader_election_master_status{name=~" + leases + "}) == 0",
		Annotations: says(
			"No replica of Mainstay holds the Lease {{ $labels.name }}",
			"Replicas run and none of them probes, so what statuses say may no longer hold.",
			"See their logs: most likely they do not reach the API server, or may not write the Lease.",
		),
	},
	{
		Alert: alertLease, For: "1m", Labels: mainstays("critical"),
		// A Lease without a holder was given up by who ended well, and may be used no more.
		Expr: `time() - max by (namespace, lease) (kube_lease_renew_time{lease=~` + leases + `}) > 60
and on (namespace, lease) kube_lease_owner{lease_holder!=""}`,
		Annotations: says(
			"The Lease {{ $labels.lease }} of Mainstay was not renewed for {{ $value | humanizeDuration }}",
			"Nobody probes, so what statuses say may no longer hold. This is what kube-state-metrics says, whether Mainstay can be scraped or not.",
			"See whether its Pods run, and their logs. Where it is the Lease of a shard that is no more, delete it: kubectl delete lease -n {{ $labels.namespace }} {{ $labels.lease }}",
		),
	},
	{
		Alert: alertEgress, For: "1m", Labels: doubtful(probe.ClusterEgressDown),
		Expr: "max(mainstay_cluster_egress_down) == 1",
		Annotations: says(
			"No provider can be reached from the cluster", words(egress.Seen), words(egress.Advice),
		),
	},
	{
		Alert: alertStale, For: "1m", Labels: doubtful(probe.ProofTooOld),
		Expr: `count(mainstay_dependency_verdict{reason="` + stale.Reason + `"})`,
		Annotations: says(
			"Verdicts on dependencies are no longer renewed",
			"Dependencies concerned: {{ $value }}. "+words(stale.Seen), words(stale.Advice),
		),
	},
	{
		Alert: alertNotSeen, For: "15m", Labels: mainstays("warning"),
		Expr: `count by (namespace) (
  kube_customresource_mainstay_dependency_info
  unless on (kind, namespace, name) mainstay_dependency_verdict
)`,
		Annotations: says(
			"{{ $labels.namespace }}: nobody judges some of the dependencies",
			"The API server has dependencies that Mainstay shows no verdict on: {{ $value }}.",
			"Check --watch-namespaces and --watch-label-selector of the operator against the namespace and labels of these objects.",
		),
	},
	{
		Alert: alertVerdictsAbsent, For: "10m", Labels: mainstays("warning"),
		Expr: "absent(mainstay_dependency_verdict) and on () sum(increase(mainstay_probes_total[10m])) > 0",
		Annotations: says(
			"Mainstay probes, and its verdicts do not reach Prometheus",
			"The alerts on dependencies cannot fire without mainstay_dependency_verdict.",
			"Check the relabelling of the scrape, and its limits on samples and labels.",
		),
	},
	{
		Alert: alertLabelsNotHonored, For: "5m", Labels: mainstays("warning"),
		Expr: `count(mainstay_dependency_verdict{exported_namespace!=""})`,
		Annotations: says(
			"Prometheus renames the labels of Mainstay",
			"The namespace of a dependency arrives as exported_namespace, so alerts name the namespace of Mainstay in its place and go to the wrong people.",
			"Set honorLabels (honor_labels) for the scrape of Mainstay.",
		),
	},
	{
		Alert: alertLate, For: "15m", Labels: mainstays("warning"),
		Expr: "histogram_quantile(0.95, sum by (le) (rate(mainstay_probe_schedule_lag_seconds_bucket[10m]))) > 30",
		Annotations: says(
			"Probes begin late",
			"One in twenty begins {{ $value | humanizeDuration }} later than planned, or more.",
			"Raise --max-in-flight, longer periods of the dependencies, or shards help; see docs/performance.md.",
		),
	},
	{
		Alert: alertSkipped, For: "15m", Labels: mainstays("warning"),
		Expr: "sum(increase(mainstay_probes_skipped_total[15m])) > 0",
		Annotations: says(
			"Probes are left out",
			"In 15 minutes {{ $value | humanize }} probes were left out, since the ones before them could not begin in time.",
			"See mainstay_probes_waiting: where many wait, raise --max-in-flight or the periods; where a credential's budget is small, that is meant so.",
		),
	},
	{
		Alert: alertOwnRequests, For: "15m", Labels: mainstays("warning"),
		Expr: `sum(increase(mainstay_probes_total{outcome="own_requests"}[30m])) > 0`,
		Annotations: says(
			"A provider refuses requests of Mainstay itself",
			"Rate limits were met after more requests than Mainstay's share of them, which says nothing about the app.",
			"Give the dependencies that share a credential longer periods; state spec.rateLimit where the kind has it.",
		),
	},
	{
		Alert: alertReconcile, For: "15m", Labels: mainstays("warning"),
		Expr: "sum by (controller) (rate(controller_runtime_reconcile_errors_total{controller=~\"" + controllerNames() + "\"}[10m])) > 0",
		Annotations: says(
			"Mainstay cannot write what it finds out: {{ $labels.controller }}",
			"Requests of Mainstay to the API server fail, so statuses may be behind.",
			"See its log, and whether its roles are those of this version.",
		),
	},
}

// controllerNames matches the names under which the kinds are reconciled.
func controllerNames() string {
	names := []string{"dependencyset"}
	for _, kind := range target.Kinds {
		names = append(names, strings.ToLower(kind.Name))
	}
	return strings.Join(names, "|")
}

// severity labels an alert on dependencies, whose blame its series have.
func severity(level string) map[string]string { return map[string]string{"severity": level} }

// mainstays labels an alert on what is Mainstay's to mend, or its administrator's.
func mainstays(level string) map[string]string {
	return map[string]string{"severity": level, "blame": string(diagnosis.Mainstay)}
}

// doubtful labels an alert on what puts all verdicts in doubt.
func doubtful(symptom probe.Symptom) map[string]string {
	d := diagnosis.Of(symptom)
	return map[string]string{"severity": "critical", "blame": string(d.Blame), "reason": d.Reason}
}

// says is what an alert tells: one line, what it means, and what to do.
func says(summary, description, advice string) map[string]string {
	return map[string]string{"summary": summary, "description": description, "advice": advice}
}
