// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/controllers"
)

// TestTheOperatorShowsTheMetricsOfTheTable has an operator of its own show an object of which there is
// something to say in every metric.
func TestTheOperatorShowsTheMetricsOfTheTable(t *testing.T) {
	t.Parallel()
	api, _ := reporting(t)
	api.Labels = map[string]string{aloneLabel: api.Namespace}
	registry := prometheus.NewRegistry()
	stop, err := startOperator(registry, func(s *setup) { s.alone(api.Namespace) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	expiry := metav1.NewTime(time.Now().Add(72 * time.Hour)).Rfc3339Copy()
	api.Spec.ExpiresAt = &expiry
	api.Spec.PeriodSeconds, api.Spec.RateLimit = 10, &v1alpha1.RateLimitSpec{RequestsPerMinute: 60} // More than its share.
	app := set(api.Namespace, v1alpha1.Requirement{Kind: "PublicAPI", Name: api.Name})
	app.Labels = api.Labels
	orders, svixKey := ordersFrom(t, "Svix")
	world.vendors["Svix"].PlayFor(svixKey, "deliveries fail")
	invoices, stripeKey := invoices(t)
	world.vendors["Stripe"].PlayFor(stripeKey, "deliveries that failed long ago or wait for a moment")
	orders.Labels, invoices.Labels = api.Labels, api.Labels
	create(t, api, app, orders, invoices)
	waitForReason(t, orders, v1alpha1.ReasonDeliveriesFailing)
	waitForReason(t, invoices, v1alpha1.ReasonPassed)
	waitForReason(t, api, v1alpha1.ReasonPassed)
	waitForReason(t, app, v1alpha1.ReasonPassed)
	waitFor(t, api, "the effective period", func() bool { return api.Status.EffectivePeriodSeconds > 0 })

	want := map[string]controllers.Family{}
	for _, f := range controllers.Families() {
		f.Series = ""
		f.Labels = slices.Sorted(slices.Values(f.Labels))
		want[f.Name] = f
	}
	if diff := cmp.Diff(want, shownFamilies(t, registry)); diff != "" {
		t.Errorf("metrics (-table +operator):\n%s", diff)
	}
	if got, err := gather(registry); err != nil || !strings.Contains(got, `mainstay_dependency_warning{blame="Owner",kind="PublicAPI",name="reporting",namespace="`+
		api.Namespace+`",provider="DevSphere",reason="APIKeyExpiringSoon",secret="credential"} 1`) {
		t.Errorf("expected the early warning (%v) in:\n%s", err, got)
	}
}

// shownFamilies are the metrics that are there, with what Prometheus learns of each.
func shownFamilies(t *testing.T, registry *prometheus.Registry) map[string]controllers.Family {
	t.Helper()
	gathered, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	types := map[dto.MetricType]controllers.MetricType{
		dto.MetricType_GAUGE: controllers.Gauge, dto.MetricType_COUNTER: controllers.Counter, dto.MetricType_HISTOGRAM: controllers.Histogram,
	}
	shown := map[string]controllers.Family{}
	for _, family := range gathered {
		f := controllers.Family{Name: family.GetName(), Type: types[family.GetType()], Help: family.GetHelp()}
		for _, label := range family.GetMetric()[0].GetLabel() {
			f.Labels = append(f.Labels, label.GetName())
		}
		shown[f.Name] = f
	}
	return shown
}
