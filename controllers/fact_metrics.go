// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mainstay.dev/mainstay/internal/probe"
)

var (
	expiryDesc     = expiryFamily.desc()
	limitDesc      = limitFamily.desc()
	remainingDesc  = remainingFamily.desc()
	deliveriesDesc = deliveriesFamily.desc()
	failureDesc    = failureFamily.desc()
	lastStatusDesc = lastStatusFamily.desc()
	backlogDesc    = backlogFamily.desc()

	factDescs = []*prometheus.Desc{
		expiryDesc, limitDesc, remainingDesc, deliveriesDesc, failureDesc, lastStatusDesc, backlogDesc,
	}
)

// collect writes the metrics of what is known of a dependency, whose labels are given.
func (f facts) collect(ch chan<- prometheus.Metric, labels []string, secret string) {
	gauge := func(desc *prometheus.Desc, value float64, more ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, append(labels[:len(labels):len(labels)], more...)...)
	}
	if !f.expires.IsZero() {
		gauge(expiryDesc, seconds(f.expires), secret)
	}
	for _, h := range f.headroom {
		gauge(limitDesc, h.Limit, h.Resource)
		gauge(remainingDesc, h.Remaining, h.Resource)
	}
	if f.deliveries != nil {
		collectDeliveries(*f.deliveries, gauge)
	}
}

// collectDeliveries writes what the sender told. What it did not tell has no series, rather than one of zero.
func collectDeliveries(d probe.Deliveries, gauge func(*prometheus.Desc, float64, ...string)) {
	for state, count := range map[string]*int64{
		"ended": d.Count, "failed": d.Failed, "waiting": d.Waiting, "dead_lettered": d.DeadLettered,
	} {
		if count != nil {
			gauge(deliveriesDesc, float64(*count), state)
		}
	}
	if share, known := d.FailedShare(); known {
		gauge(failureDesc, share)
	}
	if d.LastStatus != 0 {
		gauge(lastStatusDesc, float64(d.LastStatus))
	}
	if !d.WaitingSince.IsZero() {
		gauge(backlogDesc, seconds(d.WaitingSince))
	}
}

func seconds(at time.Time) float64 { return float64(at.Unix()) }
