// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mainstay.dev/mainstay/internal/probe"
)

// describe is a metric of a dependency at its provider.
func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"kind", "namespace", "name", "provider"}, labels...), nil)
}

var (
	expiryDesc = describe("mainstay_credential_expiry_time_seconds",
		"When the credential of a dependency expires, in seconds since 1970, where that is known.", "secret")
	limitDesc = describe("mainstay_provider_limit",
		"A limit of the provider, as far as it tells: how many requests, tokens, emails or credits there are.", "resource")
	remainingDesc = describe("mainstay_provider_remaining",
		"How much is left of mainstay_provider_limit.", "resource")
	deliveriesDesc = describe("mainstay_webhook_deliveries",
		"How many deliveries to a webhook endpoint are ended, as far as the sender looks back, and of these failed; are waiting, or dead_lettered.", "state")
	failureDesc = describe("mainstay_webhook_failure_ratio",
		"Which part of the deliveries to a webhook endpoint failed, from 0 to 1; there is none where that is not known.")
	statusDesc = describe("mainstay_webhook_last_status",
		"The HTTP status that a webhook endpoint answered last, as its sender tells.")
	waitingDesc = describe("mainstay_webhook_waiting_since_time_seconds",
		"Since when the oldest delivery to a webhook endpoint waits, in seconds since 1970; there is none where none waits.")

	factDescs = []*prometheus.Desc{
		expiryDesc, limitDesc, remainingDesc, deliveriesDesc, failureDesc, statusDesc, waitingDesc,
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
		gauge(statusDesc, float64(d.LastStatus))
	}
	if !d.WaitingSince.IsZero() {
		gauge(waitingDesc, seconds(d.WaitingSince))
	}
}

func seconds(at time.Time) float64 { return float64(at.Unix()) }
