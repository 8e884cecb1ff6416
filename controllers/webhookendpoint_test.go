// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// invoices is where a shop is told by Stripe of paid invoices and refunds.
func invoices(t *testing.T) (hook *v1alpha1.WebhookEndpoint, credential string) {
	t.Helper()
	namespace := newNamespace(t)
	credential = "rk_live_" + key(t)
	hook = &v1alpha1.WebhookEndpoint{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "invoices"}}
	hook.Spec.URL = "https://shop.example.com/webhooks/stripe"
	hook.Spec.Events = []string{"invoice.paid", "charge.refunded"}
	hook.Spec.Stripe = &v1alpha1.StripeWebhook{Mode: v1alpha1.StripeLive}
	hook.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	hook.Spec.PeriodSeconds, hook.Spec.FailureThreshold = 86400, 1
	create(t, secret(namespace, credential))
	return hook, credential
}

func TestAWebhookThatIsNotReceivedIsToldByItsCause(t *testing.T) {
	const url = "https://shop.example.com/webhooks/stripe"
	for name, c := range map[string]struct {
		plays, reason, stage string
		ready                metav1.ConditionStatus
		says                 []string
	}{
		"there is none":             {"no endpoint", v1alpha1.ReasonEndpointNotFound, "Provisioned", metav1.ConditionFalse, []string{url}},
		"its URL has another slash": {"a slash too many", v1alpha1.ReasonWrongURL, "Provisioned", metav1.ConditionFalse, []string{url + ",", "http://shop.example.com/webhooks/stripe/"}},
		"it is disabled":            {"the endpoint is disabled", v1alpha1.ReasonEndpointInactive, "Provisioned", metav1.ConditionFalse, []string{"resent"}},
		"it is for other accounts":  {"events of connected accounts", v1alpha1.ReasonWrongEventSource, "Provisioned", metav1.ConditionFalse, []string{"spec.stripe.eventsFrom"}},
		"it lacks an event":         {"an event is not subscribed", v1alpha1.ReasonEventNotSubscribed, "Provisioned", metav1.ConditionFalse, []string{"payout.failed"}},
		"the key may not list it":   {"the key may list no endpoints", v1alpha1.ReasonInsufficientScope, "Authorized", metav1.ConditionFalse, []string{"rak_webhook_read"}},
		"the app does not take it":  {"deliveries fail", v1alpha1.ReasonDeliveriesFailing, "", metav1.ConditionTrue, []string{"charge.refunded", "signing secret"}},
		"the key was rolled":        {providertest.Unauthorized, v1alpha1.ReasonInvalidAPIKey, "Authenticated", metav1.ConditionFalse, []string{"Secret credential"}},
	} {
		t.Run(name, func(t *testing.T) {
			hook, credential := invoices(t)
			if c.reason == v1alpha1.ReasonEventNotSubscribed {
				hook.Spec.Events = append(hook.Spec.Events, "payout.failed")
			}
			vendor := world.vendors["Stripe"]
			vendor.PlayFor(credential, c.plays)
			create(t, hook)
			healthy := waitForReason(t, hook, c.reason)
			for _, text := range c.says {
				if !strings.Contains(healthy.Message, text) {
					t.Errorf("expected %q in the message %q", text, healthy.Message)
				}
			}
			if c.stage != "" {
				if got := condition(hook, c.stage); got.Status != metav1.ConditionFalse || got.Reason != c.reason {
					t.Errorf("condition %s: expected False with reason %s, found %+v", c.stage, c.reason, got)
				}
			}
			if got := condition(hook, "Ready"); got.Status != c.ready {
				t.Errorf("expected Ready %s, found %+v", c.ready, got)
			}
			waitForEvent(t, hook, c.reason)

			vendor.PlayFor(credential, "")
			if c.reason == v1alpha1.ReasonEventNotSubscribed {
				update(t, hook, func() { hook.Spec.Events = hook.Spec.Events[:2] })
			} else {
				probeNow(t, hook, "mended")
			}
			waitForReason(t, hook, v1alpha1.ReasonPassed)
		})
	}
}

func TestWhatIsUnclearOfAWebhookIsUnknown(t *testing.T) {
	for plays, reason := range map[string]string{
		"deliveries fail at some endpoint":        v1alpha1.ReasonDeliveriesUnclear,
		"the key may not list event destinations": v1alpha1.ReasonEndpointNotShown,
	} {
		t.Run(plays, func(t *testing.T) {
			hook, credential := invoices(t)
			world.vendors["Stripe"].PlayFor(credential, plays)
			create(t, hook)
			if got := waitForReason(t, hook, reason); got.Status != metav1.ConditionUnknown {
				t.Errorf("expected Unknown, found %+v", got)
			}
		})
	}
}

func TestTwoWebhooksWithOneURLAreToldOfEarly(t *testing.T) {
	hook, credential := invoices(t)
	world.vendors["Stripe"].PlayFor(credential, "two endpoints with one URL")
	create(t, hook)
	waitForReason(t, hook, v1alpha1.ReasonPassed)
	waitForEvent(t, hook, v1alpha1.ReasonDuplicateEndpoint)
}

func TestWebhookSpecsThatCannotWorkAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.WebhookEndpointSpec)
		want  string
	}{
		"no URL":          {func(s *v1alpha1.WebhookEndpointSpec) { s.URL = "" }, "spec.url"},
		"a URL of a user": {func(s *v1alpha1.WebhookEndpointSpec) { s.URL = "https://me:secret@shop.example.com/" }, "spec.url"},
		"no mode":         {func(s *v1alpha1.WebhookEndpointSpec) { s.Stripe = nil }, "spec.stripe is required"},
		"no Secret":       {func(s *v1alpha1.WebhookEndpointSpec) { s.SecretRef = nil }, "spec.secretRef is required"},
		"a wildcard":      {func(s *v1alpha1.WebhookEndpointSpec) { s.Events = []string{"*"} }, "spec.events[0]"},
		"an event twice":  {func(s *v1alpha1.WebhookEndpointSpec) { s.Events = []string{"a.b", "a.b"} }, "Duplicate value"},
	} {
		t.Run(name, func(t *testing.T) {
			hook, _ := invoices(t)
			c.spoil(&hook.Spec)
			err := world.admin.Create(t.Context(), hook)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
}

func TestDeliveriesOfAWebhookThatWaitAreAFact(t *testing.T) {
	hook, credential := invoices(t)
	world.vendors["Stripe"].PlayFor(credential, "deliveries that failed long ago or wait for a moment")
	create(t, hook)
	waitForReason(t, hook, v1alpha1.ReasonPassed)
	told := hook.Status.Deliveries
	if told == nil || told.Waiting == nil || *told.Waiting != 1 || told.WaitingSince == nil {
		t.Errorf("expected one delivery that waits, found %+v", told)
	}
	if told != nil && told.FailedPercent != nil {
		t.Errorf("expected nothing of a share that Stripe does not tell, found %d %%", *told.FailedPercent)
	}
	labels := `{kind="WebhookEndpoint",name="invoices",namespace="` + hook.Namespace + `",provider="Stripe"`
	metrics := scrape(t)
	if want := "mainstay_webhook_deliveries" + labels + `,state="waiting"} 1`; !strings.Contains(metrics, want) {
		t.Errorf("expected the metric %s", want)
	}
	if unwanted := "mainstay_webhook_failure_ratio" + labels; strings.Contains(metrics, unwanted) {
		t.Errorf("expected no series %s", unwanted)
	}
}
