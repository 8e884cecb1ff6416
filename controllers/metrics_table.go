// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import "github.com/prometheus/client_golang/prometheus"

// Family is a metric of the operator. The table below is what the operator registers, what docs/metrics.md
// says, and what alerts and dashboards are held against.
type Family struct {
	Name   string
	Type   MetricType
	Labels []string
	// Help is what Prometheus shows of it. A value that is no plain number says its unit in the name.
	Help string
	// Series says how many series there are at most, and so what the metric costs.
	Series string
}

// MetricType is a type that Prometheus knows.
type MetricType string

// The types in use.
const (
	Gauge     MetricType = "gauge"
	Counter   MetricType = "counter"
	Histogram MetricType = "histogram"
)

const (
	perObject = "one for each object of a probed kind"
	one       = "one"
)

var families []Family

// Families returns every metric of the operator, by what they are about.
func Families() []Family { return families }

func define(f Family) Family {
	families = append(families, f)
	return f
}

// Of each object.
var (
	verdictFamily = define(Family{
		Name: "mainstay_dependency_verdict", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider", "secret", "ready", "healthy", "reason", "blame"},
		Help:   "The verdict on a dependency, always 1: its labels say whether it is Ready and Healthy, the reason why not, and who can mend it.",
		Series: perObject,
	})
	warningFamily = define(Family{
		Name: "mainstay_dependency_warning", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider", "secret", "reason", "blame"},
		Help:   "An early warning of a dependency that is still healthy, always 1: its labels say what is to come, and who can mend it.",
		Series: "at most one for each stage of an object, and none for most",
	})
	lastProbeFamily = define(Family{
		Name: "mainstay_probe_last_time_seconds", Type: Gauge,
		Labels: []string{"kind", "namespace", "name"},
		Help:   "When the last probe of a dependency ended, in seconds since 1970.",
		Series: perObject,
	})
	periodFamily = define(Family{
		Name: "mainstay_probe_effective_period_seconds", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider", "secret"},
		Help:   "How often a dependency is probed, where the budget of its credential makes that less often than its spec asks for.",
		Series: perObject + " that is probed less often than it asks for",
	})
	expiryFamily = define(Family{
		Name: "mainstay_credential_expiry_time_seconds", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider", "secret"},
		Help:   "When the credential of a dependency expires, in seconds since 1970, where that is known.",
		Series: perObject + " whose credential is known to expire",
	})
	limitFamily = define(Family{
		Name: "mainstay_provider_limit", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider", "resource"},
		Help:   "A limit of the provider, as far as it tells: how many requests, tokens, emails or credits there are.",
		Series: "one for each object and limit that its provider tells of, which are a handful",
	})
	remainingFamily = define(Family{
		Name: "mainstay_provider_remaining", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider", "resource"},
		Help:   "How much is left of mainstay_provider_limit.",
		Series: "as many as of mainstay_provider_limit",
	})
	deliveriesFamily = define(Family{
		Name: "mainstay_webhook_deliveries", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider", "state"},
		Help: "How many deliveries to a webhook endpoint are ended, as far as the sender looks back, and of these failed; " +
			"are waiting, or dead_lettered.",
		Series: "at most 4 for each WebhookEndpoint, as far as its sender tells",
	})
	failureFamily = define(Family{
		Name: "mainstay_webhook_failure_ratio", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider"},
		Help:   "Which part of the deliveries to a webhook endpoint failed, from 0 to 1; there is none where that is not known.",
		Series: "one for each WebhookEndpoint whose sender tells it",
	})
	lastStatusFamily = define(Family{
		Name: "mainstay_webhook_last_status", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider"},
		Help:   "The HTTP status that a webhook endpoint answered last, as its sender tells.",
		Series: "one for each WebhookEndpoint whose sender tells it",
	})
	backlogFamily = define(Family{
		Name: "mainstay_webhook_waiting_since_time_seconds", Type: Gauge,
		Labels: []string{"kind", "namespace", "name", "provider"},
		Help:   "Since when the oldest delivery to a webhook endpoint waits, in seconds since 1970; there is none where none waits.",
		Series: "one for each WebhookEndpoint whose sender has deliveries that wait",
	})
)

// Of what apps require. The verdicts on sets are metrics of their own: an alert on the verdicts of
// dependencies fires once for one fault, however many apps require what is at fault.
var (
	setFamily = define(Family{
		Name: "mainstay_dependency_set_verdict", Type: Gauge,
		Labels: []string{"namespace", "name", "ready", "healthy", "reason"},
		Help:   "The verdict on what an app requires, always 1: its labels say whether that is Ready and Healthy, and the reason why not.",
		Series: "one for each DependencySet",
	})
	memberFamily = define(Family{
		Name: "mainstay_dependency_set_member", Type: Gauge,
		Labels: []string{"namespace", "set", "kind", "name", "provider", "importance", "ready", "healthy", "reason"},
		Help:   "A member of a DependencySet, always 1: its labels say what it is to the app and how it fares. The name is empty for a requirement that no object meets.",
		Series: "one for each DependencySet and object that it requires",
	})
)

// Of the probe engine.
var (
	durationFamily = define(Family{
		Name: "mainstay_probe_duration_seconds", Type: Histogram,
		Labels: []string{"kind", "provider", "result"},
		Help:   "How long probes took, all their requests together.",
		Series: "14 for each provider and symptom that was seen of it, or passed; a native histogram is one",
	})
	lagFamily = define(Family{
		Name: "mainstay_probe_schedule_lag_seconds", Type: Histogram,
		Help:   "How much later than planned probes began.",
		Series: "12",
	})
	probesFamily = define(Family{
		Name: "mainstay_probes_total", Type: Counter,
		Labels: []string{"outcome"},
		Help: "How many probes ended: sent, answered by the requests of another object with the same credential (shared), " +
			"or without weight for a verdict (own_requests, no_egress).",
		Series: "4",
	})
	skippedFamily = define(Family{
		Name: "mainstay_probes_skipped_total", Type: Counter,
		Help:   "How many probes were left out since the one before could not begin in time.",
		Series: one,
	})
	inFlightFamily = define(Family{
		Name: "mainstay_probes_in_flight", Type: Gauge,
		Help: "How many probes run now.", Series: one,
	})
	waitingFamily = define(Family{
		Name: "mainstay_probes_waiting", Type: Gauge,
		Help: "How many probes are due and wait for a place.", Series: one,
	})
	egressFamily = define(Family{
		Name: "mainstay_cluster_egress_down", Type: Gauge,
		Help: "Whether nothing outside the cluster can be reached, so that verdicts stand still.", Series: one,
	})
)

func (f Family) desc() *prometheus.Desc {
	return prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
}

func (f Family) counter() prometheus.CounterOpts {
	return prometheus.CounterOpts{Name: f.Name, Help: f.Help}
}

func (f Family) histogram(buckets ...float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Name: f.Name, Help: f.Help, Buckets: buckets}
}

// gauge reads a figure of the moment when it is asked for.
func (f Family) gauge(value func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: f.Name, Help: f.Help}, func() float64 { return float64(value()) })
}
