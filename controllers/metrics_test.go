// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// TestSeriesGoWithTheirObject shows an object and a set of which there is something to say in every metric.
func TestSeriesGoWithTheirObject(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	m, err := NewMetrics(registry, func() probe.Stats { return probe.Stats{} })
	if err != nil {
		t.Fatal(err)
	}
	ofNothing := series(t, registry)
	id := probe.ID{Kind: "AIProvider", Namespace: "shop", Name: "assistant"}
	set := &v1alpha1.DependencySet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout"}}
	for _, kind := range []string{v1alpha1.ConditionHealthy, v1alpha1.ConditionReady} {
		set.Status.Conditions = append(set.Status.Conditions, metav1.Condition{Type: kind, Status: "True", Reason: v1alpha1.ReasonPassed})
	}
	ends := metav1.Now()
	status := &v1alpha1.DependencyStatus{EffectivePeriodSeconds: 90, CredentialExpiresAt: &ends, Conditions: append([]metav1.Condition{
		{Type: v1alpha1.ConditionAuthenticated, Status: "True", Reason: v1alpha1.ReasonAPIKeyExpiringSoon},
	}, set.Status.Conditions...)}
	m.show(report{
		id: id, object: &v1alpha1.AIProvider{}, status: status, probedAt: time.Now(), facts: facts{
			headroom:   []probe.Headroom{{Resource: "requests", Limit: 120, Remaining: 60}},
			deliveries: &probe.Deliveries{Count: new(int64(4)), Failed: new(int64(1)), LastStatus: 401, WaitingSince: time.Now()},
		},
	})
	m.showSet(set, []v1alpha1.Member{{Kind: "AIProvider", Name: "assistant", Importance: v1alpha1.ImportanceRequired}})
	if shown := series(t, registry) - ofNothing; shown != 14 {
		t.Errorf("expected a series of each of 13 metrics, and of deliveries that ended and that failed, found %d", shown)
	}

	m.forget(id)
	m.forgetSet(types.NamespacedName{Namespace: "shop", Name: "checkout"})
	if left := series(t, registry) - ofNothing; left != 0 {
		t.Errorf("expected no series to be left, found %d", left)
	}
}

// series counts all series.
func series(t *testing.T, registry *prometheus.Registry) (n int) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		n += len(family.GetMetric())
	}
	return n
}
