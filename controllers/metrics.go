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
	warnings                      []warning
	period                        float64
	// facts are of this spec.
	facts facts
	spec  spec
}

// spec is one version of the spec of one object.
type spec struct {
	uid        types.UID
	generation int64
}

// warning is what an early warning is about, and whose it is.
type warning struct{ reason, blame string }

var (
	verdictDesc   = verdictFamily.desc()
	warningDesc   = warningFamily.desc()
	lastProbeDesc = lastProbeFamily.desc()
	periodDesc    = periodFamily.desc()
)

// NewMetrics registers the metrics. The engine's figures of the moment are read through stats.
func NewMetrics(registry prometheus.Registerer, stats func() probe.Stats) (*Metrics, error) {
	durations := durationFamily.histogram(.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30)
	durations.NativeHistogramBucketFactor, durations.NativeHistogramMaxBucketNumber = 1.1, 100
	m := &Metrics{
		verdicts: map[probe.ID]verdict{},
		sets:     map[types.NamespacedName]*v1alpha1.DependencySet{},
		duration: prometheus.NewHistogramVec(durations, durationFamily.Labels),
		lag:      prometheus.NewHistogram(lagFamily.histogram(.001, .005, .02, .1, .5, 1, 5, 30, 120)),
		probes:   prometheus.NewCounterVec(probesFamily.counter(), probesFamily.Labels),
		skipped:  prometheus.NewCounter(skippedFamily.counter()),
	}
	for _, c := range []prometheus.Collector{
		m, m.duration, m.lag, m.probes, m.skipped,
		inFlightFamily.gauge(func() int { return stats().InFlight }),
		waitingFamily.gauge(func() int { return stats().Waiting }),
		egressFamily.gauge(func() int {
			if stats().EgressClosed {
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
		v.keep(o.Ended, facts{headroom: o.Report.Headroom, deliveries: o.Report.Deliveries})
		m.verdicts[o.ID] = v
	}
}

// keep takes up what a probe told beyond its verdict. A probe may end before its object was first shown, and is
// then told of with the verdict.
func (v *verdict) keep(ended time.Time, learned facts) {
	if !ended.IsZero() {
		v.lastProbe = max(v.lastProbe, float64(ended.UnixMilli())/1000)
	}
	v.facts.keep(learned)
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
	v := verdict{
		provider: p.object.Provider(), blame: string(p.cause.Blame), lastProbe: before.lastProbe,
		spec: spec{p.object.GetUID(), p.object.GetGeneration()},
	}
	if v.spec == before.spec && !p.object.SharedSpec().Suspend {
		v.facts = before.facts
	}
	if ref := p.object.SharedSpec().SecretRef; ref != nil {
		v.secret = ref.Name
	}
	v.facts.expires = time.Time{}
	if at := p.status.CredentialExpiresAt; at != nil {
		v.facts.expires = at.Time
	}
	v.keep(p.probedAt, p.facts)
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
	v.warnings = warnings(p.status.Conditions)
	v.period = float64(p.status.EffectivePeriodSeconds)
	m.verdicts[p.id] = v
}

// warnings are what conditions that are True warn of. They are read from the status, since that outlives the
// process.
func warnings(conditions []metav1.Condition) []warning {
	var found []warning
	for _, c := range conditions {
		known := diagnosis.ForReason(c.Reason)
		if c.Status == metav1.ConditionTrue && len(known) > 0 && known[0].Warns() {
			found = append(found, warning{c.Reason, string(known[0].Blame)})
		}
	}
	return found
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
	ch <- warningDesc
	ch <- lastProbeDesc
	ch <- periodDesc
	ch <- setDesc
	ch <- memberDesc
	for _, desc := range factDescs {
		ch <- desc
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, v := range m.verdicts {
		v.collect(id, ch)
	}
	m.collectSets(ch)
}

// collect sends the series of one object.
func (v verdict) collect(id probe.ID, ch chan<- prometheus.Metric) {
	send := func(desc *prometheus.Desc, value float64, labels ...string) {
		labels = append([]string{id.Kind, id.Namespace, id.Name}, labels...)
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	if v.healthy != "" {
		send(verdictDesc, 1, v.provider, v.secret, v.ready, v.healthy, v.reason, v.blame)
	}
	for _, w := range v.warnings {
		send(warningDesc, 1, v.provider, v.secret, w.reason, w.blame)
	}
	if v.lastProbe > 0 {
		send(lastProbeDesc, v.lastProbe)
	}
	if v.period > 0 {
		send(periodDesc, v.period, v.provider, v.secret)
	}
	v.facts.collect(ch, []string{id.Kind, id.Namespace, id.Name, v.provider}, v.secret)
}
