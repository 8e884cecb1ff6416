// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

func TestDeliveriesAreShownCoarsely(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 24, 20, 15, 42, 7, time.UTC)
	for name, c := range map[string]struct {
		told probe.Deliveries
		want *v1alpha1.Deliveries
	}{
		"nothing is no fact": {},
		"what is not told is not zero": {
			told: probe.Deliveries{LastStatus: 500}, want: &v1alpha1.Deliveries{LastStatus: 500},
		},
		"one failure of many is not none": {
			told: probe.Deliveries{Window: time.Hour, Count: new(int64(12_345)), Failed: new(int64(1))},
			want: &v1alpha1.Deliveries{WindowSeconds: 3600, Count: new(int64(12_000)), FailedPercent: new(int32(1))},
		},
		"none of some": {
			told: probe.Deliveries{Count: new(int64(99)), Failed: new(int64(0)), DeadLettered: new(int64(0))},
			want: &v1alpha1.Deliveries{Count: new(int64(99)), FailedPercent: new(int32(0)), DeadLettered: new(int64(0))},
		},
		"a backlog": {
			told: probe.Deliveries{Waiting: new(int64(101)), WaitingSince: since},
			want: &v1alpha1.Deliveries{Waiting: new(int64(100)), WaitingSince: new(metav1.NewTime(since.Truncate(time.Minute)))},
		},
		"nonsense": {
			told: probe.Deliveries{Waiting: new(int64(-4)), LastStatus: 7}, want: &v1alpha1.Deliveries{Waiting: new(int64(0))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, deliveries(c.told)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFactsOutliveNoSpec edits, suspends and replaces an object whose provider told of its limits.
func TestFactsOutliveNoSpec(t *testing.T) {
	t.Parallel()
	id := probe.ID{Kind: "EmailProvider", Namespace: "shop", Name: "transactional"}
	learned := probe.Verdict{
		Headroom:   []probe.Headroom{{Resource: "emails", Limit: 200, Remaining: 3}},
		Deliveries: &probe.Deliveries{Count: new(int64(4)), Failed: new(int64(1))},
	}
	for name, c := range map[string]struct {
		change func(*v1alpha1.EmailProvider)
		stay   bool
	}{
		"the same spec":            {func(*v1alpha1.EmailProvider) {}, true},
		"an edit":                  {func(o *v1alpha1.EmailProvider) { o.Generation++ }, false},
		"suspended":                {func(o *v1alpha1.EmailProvider) { o.Spec.Suspend = true }, false},
		"another of the same name": {func(o *v1alpha1.EmailProvider) { o.UID, o.Status = "2", v1alpha1.EmailProviderStatus{} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			m, err := NewMetrics(registry, func() probe.Stats { return probe.Stats{} })
			if err != nil {
				t.Fatal(err)
			}
			object := &v1alpha1.EmailProvider{}
			object.UID, object.Generation = "1", 1
			judge := func(v probe.Verdict) {
				p := verdictReport(id, object, v, diagnosis.Subject{})
				if object.Spec.Suspend {
					p = report{id: id, object: object, status: suspended(object)}
				}
				m.show(p)
				*object.SharedStatus() = *p.status
			}
			judge(probe.Verdict{})
			before := series(t, registry)
			judge(learned)
			c.change(object)
			judge(probe.Verdict{})
			if got := object.Status.Headroom != nil; got != c.stay {
				t.Errorf("status.headroom: expected %t, found %v", c.stay, object.Status.Headroom)
			}
			if got := object.Status.Deliveries != nil; got != c.stay {
				t.Errorf("status.deliveries: expected %t, found %v", c.stay, object.Status.Deliveries)
			}
			if got := series(t, registry) > before; got != c.stay {
				t.Errorf("metrics: expected %t, found %d series after %d", c.stay, series(t, registry), before)
			}
		})
	}
}
