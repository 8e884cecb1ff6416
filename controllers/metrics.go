// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// Metrics are what Prometheus learns from the operator: the verdict on each object, for alerts, and how
// the engine fares. The series of an object that is gone disappear with it.
type Metrics struct {
	mu       sync.Mutex
	verdicts map[probe.ID]verdict
	sets     map[types.NamespacedName]*v1alpha1.DependencySet

	duration *prometheus.HistogramVec
	lag      prometheus.Histogram
	probes   *prometheus.CounterVec
	skipped  prometheus.Counter
}

// verdict is what is shown of one object: the label values after kind, namespace and name.
type verdict struct {
	provider, secret              string
	ready, healthy, reason, blame string
	lastProbe                     float64
	headroom                      []probe.Headroom
	expires                       float64
}

var (
	verdictDesc = prometheus.NewDesc("mainstay_dependency_verdict",
		"The verdict on a dependency, always 1: its labels say whether it is Ready and Healthy, the reason why not, and who can mend it.",
		[]string{"kind", "namespace", "name", "provider", "secret", "ready", "healthy", "reason", "blame"}, nil)
	lastProbeDesc = prometheus.NewDesc("mainstay_probe_last_time_seconds",
		"When the last probe of a dependency ended, in seconds since 1970.",
		[]string{"kind", "namespace", "name"}, nil)
	expiryDesc = prometheus.NewDesc("mainstay_credential_expiry_time_seconds",
		"When the credential of a dependency expires, in seconds since 1970, where that is known.",
		[]string{"kind", "namespace", "name", "provider", "secret"}, nil)
	limitDesc = prometheus.NewDesc("mainstay_provider_limit",
		"A limit of the provider, as far as it tells: how many requests, tokens, emails or credits there are.",
		[]string{"kind", "namespace", "name", "provider", "resource"}, nil)
	remainingDesc = prometheus.NewDesc("mainstay_provider_remaining",
		"How much is left of mainstay_provider_limit.",
		[]string{"kind", "namespace", "name", "provider", "resource"}, nil)
)

// NewMetrics registers the metrics. The engine's figures of the moment are read through stats.
func NewMetrics(registry prometheus.Registerer, stats func() probe.Stats) (*Metrics, error) {
	m := &Metrics{
		verdicts: map[probe.ID]verdict{},
		sets:     map[types.NamespacedName]*v1alpha1.DependencySet{},
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                           "mainstay_probe_duration_seconds",
			Help:                           "How long probes took, all their requests together.",
			Buckets:                        []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
			NativeHistogramBucketFactor:    1.1,
			NativeHistogramMaxBucketNumber: 100,
		}, []string{"kind", "provider", "result"}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "mainstay_probe_schedule_lag_seconds",
			Help:    "How much later than planned probes began.",
			Buckets: []float64{.001, .005, .02, .1, .5, 1, 5, 30, 120},
		}),
		probes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mainstay_probes_total",
			Help: "How many probes ended: sent, answered by the requests of another object with the same credential (shared), " +
				"or without weight for a verdict (own_requests, no_egress).",
		}, []string{"outcome"}),
		skipped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mainstay_probes_skipped_total",
			Help: "How many probes were left out since the one before could not begin in time.",
		}),
	}
	gauge := func(name, help string, value func(probe.Stats) int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			return float64(value(stats()))
		})
	}
	for _, c := range []prometheus.Collector{
		m, m.duration, m.lag, m.probes, m.skipped,
		gauge("mainstay_probes_in_flight", "How many probes run now.", func(s probe.Stats) int { return s.InFlight }),
		gauge("mainstay_probes_waiting", "How many probes are due and wait for a place.", func(s probe.Stats) int { return s.Waiting }),
		gauge("mainstay_cluster_egress_down", "Whether nothing outside the cluster can be reached, so that verdicts stand still.", func(s probe.Stats) int {
			if s.EgressClosed {
				return 1
			}
			return 0
		}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// observe takes note of a probe that ended.
func (m *Metrics) observe(o probe.Observation) {
	outcome := "sent"
	switch {
	case o.Ignored != "":
		outcome = string(o.Ignored)
	case o.Shared:
		outcome = "shared"
	}
	m.probes.WithLabelValues(outcome).Inc()
	if !o.Shared {
		m.duration.WithLabelValues(o.Target.Kind, o.Target.Provider, result(o.Report.Outcome)).Observe(o.Duration.Seconds())
		m.lag.Observe(o.Lag.Seconds())
		m.skipped.Add(float64(o.Skipped))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, known := m.verdicts[o.ID]; known {
		v.keep(o.Ended, o.Report.Headroom)
		m.verdicts[o.ID] = v
	}
}

// keep takes up what a probe told beyond its verdict; what it did not tell stays. A probe may end before its
// object was first shown, and is then told of with the verdict.
func (v *verdict) keep(ended time.Time, headroom []probe.Headroom) {
	if !ended.IsZero() {
		v.lastProbe = max(v.lastProbe, float64(ended.UnixMilli())/1000)
	}
	if len(headroom) > 0 {
		v.headroom = headroom
	}
}

// result is the symptom of the first failure, or "passed".
func result(o probe.Outcome) string {
	for _, f := range o {
		if f.Result == probe.Failed {
			return f.Symptom.String()
		}
	}
	return "passed"
}

// show takes note of what an object's status says.
func (m *Metrics) show(p report) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.verdicts[p.id]
	v := verdict{provider: p.object.Provider(), blame: string(p.cause.Blame), lastProbe: before.lastProbe, headroom: before.headroom}
	if ref := p.object.SharedSpec().SecretRef; ref != nil {
		v.secret = ref.Name
	}
	if at := p.status.CredentialExpiresAt; at != nil {
		v.expires = float64(at.Unix())
	}
	v.keep(p.probedAt, p.headroom)
	if c := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionReady); c != nil {
		v.ready = string(c.Status)
	}
	if c := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionHealthy); c != nil {
		v.healthy, v.reason = string(c.Status), c.Reason
		// While the status of an earlier verdict stands, so does its blame.
		if known := diagnosis.ForReason(c.Reason); v.blame == "" && c.Status != metav1.ConditionTrue && len(known) > 0 {
			v.blame = string(known[0].Blame)
			if before.reason == c.Reason {
				v.blame = before.blame
			}
		}
	}
	m.verdicts[p.id] = v
}

// forget drops the series of an object.
func (m *Metrics) forget(id probe.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.verdicts, id)
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- verdictDesc
	ch <- lastProbeDesc
	ch <- expiryDesc
	ch <- limitDesc
	ch <- remainingDesc
	ch <- setDesc
	ch <- memberDesc
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, v := range m.verdicts {
		if v.healthy != "" {
			ch <- prometheus.MustNewConstMetric(verdictDesc, prometheus.GaugeValue, 1,
				id.Kind, id.Namespace, id.Name, v.provider, v.secret, v.ready, v.healthy, v.reason, v.blame)
		}
		if v.lastProbe > 0 {
			ch <- prometheus.MustNewConstMetric(lastProbeDesc, prometheus.GaugeValue, v.lastProbe,
				id.Kind, id.Namespace, id.Name)
		}
		if v.expires > 0 {
			ch <- prometheus.MustNewConstMetric(expiryDesc, prometheus.GaugeValue, v.expires,
				id.Kind, id.Namespace, id.Name, v.provider, v.secret)
		}
		for _, h := range v.headroom {
			labels := []string{id.Kind, id.Namespace, id.Name, v.provider, h.Resource}
			ch <- prometheus.MustNewConstMetric(limitDesc, prometheus.GaugeValue, h.Limit, labels...)
			ch <- prometheus.MustNewConstMetric(remainingDesc, prometheus.GaugeValue, h.Remaining, labels...)
		}
	}
	m.collectSets(ch)
}
