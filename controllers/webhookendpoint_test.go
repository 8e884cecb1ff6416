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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
	hook, credential := invoices(t)
	world.vendors["Stripe"].PlayFor(credential, "two endpoints with one URL")
	create(t, hook)
	waitForReason(t, hook, v1alpha1.ReasonPassed)
	waitForEvent(t, hook, v1alpha1.ReasonDuplicateEndpoint)
}

// ordersFrom is where a shop is sent events of orders by a sender of webhooks.
func ordersFrom(t *testing.T, vendor v1alpha1.WebhookVendor) (hook *v1alpha1.WebhookEndpoint, credential string) {
	t.Helper()
	namespace := newNamespace(t)
	credential = key(t)
	hook = &v1alpha1.WebhookEndpoint{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "orders"}}
	hook.Spec.Provider, hook.Spec.Events = vendor, []string{"order.created", "order.paid"}
	hook.Spec.URL = "https://shop.example.com/webhooks/" + strings.ToLower(string(vendor))
	hook.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	hook.Spec.PeriodSeconds, hook.Spec.FailureThreshold = 86400, 1
	switch vendor {
	case "Svix":
		hook.Spec.Svix = &v1alpha1.SvixWebhook{Application: "shop"}
	case "Convoy":
		hook.Spec.Convoy = &v1alpha1.ConvoyWebhook{Project: "shop", Region: "US"}
	case "Outpost":
		hook.Spec.Outpost = &v1alpha1.OutpostWebhook{Tenant: "shop"}
	}
	create(t, secret(namespace, credential))
	return hook, credential
}

func TestEverySenderTellsTheCausesOfAMissingWebhook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		vendor        v1alpha1.WebhookVendor
		plays, reason string
		ready         metav1.ConditionStatus
		says          string
	}{
		"Svix: another scheme":         {"Svix", "http for https", v1alpha1.ReasonWrongURL, metav1.ConditionFalse, "http://shop.example.com/webhooks/svix"},
		"Svix: no application":         {"Svix", "there is no such application", v1alpha1.ReasonAccountNotAccessible, metav1.ConditionFalse, "spec.svix.application"},
		"Svix: an event is missing":    {"Svix", "an event is not subscribed", v1alpha1.ReasonEventNotSubscribed, metav1.ConditionFalse, "order.paid"},
		"Svix: the app refuses":        {"Svix", "deliveries fail", v1alpha1.ReasonDeliveriesFailing, metav1.ConditionTrue, "signing secret"},
		"Svix: some were given up":     {"Svix", "deliveries were given up", v1alpha1.ReasonDeadLettered, metav1.ConditionTrue, "resent"},
		"Convoy: paused":               {"Convoy", "the endpoint is paused", v1alpha1.ReasonEndpointInactive, metav1.ConditionFalse, "webhooks/convoy"},
		"Convoy: nothing is routed":    {"Convoy", "nothing is subscribed", v1alpha1.ReasonEventNotSubscribed, metav1.ConditionFalse, "order.created, order.paid"},
		"Convoy: the breaker is open":  {"Convoy", "the circuit breaker is open", v1alpha1.ReasonDeliveriesFailing, metav1.ConditionTrue, "Convoy"},
		"Convoy: some were given up":   {"Convoy", "deliveries were given up", v1alpha1.ReasonDeadLettered, metav1.ConditionTrue, "resent"},
		"Outpost: there is none":       {"Outpost", "no destination at all", v1alpha1.ReasonEndpointNotFound, metav1.ConditionFalse, "webhooks/outpost"},
		"Outpost: disabled":            {"Outpost", "the destination is disabled", v1alpha1.ReasonEndpointInactive, metav1.ConditionFalse, "resent"},
		"Outpost: the app refuses":     {"Outpost", "deliveries fail", v1alpha1.ReasonDeliveriesFailing, metav1.ConditionTrue, "signing secret"},
		"Outpost: the key was rotated": {"Outpost", providertest.Unauthorized, v1alpha1.ReasonInvalidAPIKey, metav1.ConditionFalse, "Secret credential"},
	} {
		t.Run(name, func(t *testing.T) {
			hook, credential := ordersFrom(t, c.vendor)
			vendor := world.vendors[string(c.vendor)]
			vendor.PlayFor(credential, c.plays)
			create(t, hook)
			if healthy := waitForReason(t, hook, c.reason); healthy.Status != metav1.ConditionFalse || !strings.Contains(healthy.Message, c.says) {
				t.Errorf("expected False and %q in the message, found %+v", c.says, healthy)
			}
			if got := condition(hook, "Ready"); got.Status != c.ready {
				t.Errorf("expected Ready %s, found %+v", c.ready, got)
			}
			waitForEvent(t, hook, c.reason)
			vendor.PlayFor(credential, "")
			probeNow(t, hook, "mended")
			waitForReason(t, hook, v1alpha1.ReasonPassed)
		})
	}
}

func TestWhatASenderTellsOfDeliveriesIsInTheStatus(t *testing.T) {
	t.Parallel()
	hook, credential := ordersFrom(t, "Svix")
	world.vendors["Svix"].PlayFor(credential, "deliveries fail")
	create(t, hook)
	waitForReason(t, hook, v1alpha1.ReasonDeliveriesFailing)
	got := hook.Status.Deliveries
	if got == nil || got.FailedPercent == nil || *got.FailedPercent != 25 || got.LastStatus != 401 || got.DeadLettered == nil || *got.DeadLettered != 1 {
		t.Errorf("expected a quarter to have failed, 1 of it for good, and the last with 401; found %+v", got)
	}
}

func TestWebhookSpecsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.WebhookEndpointSpec)
		want  string
	}{
		"no URL":          {func(s *v1alpha1.WebhookEndpointSpec) { s.URL = "" }, "spec.url"},
		"a URL of a user": {func(s *v1alpha1.WebhookEndpointSpec) { s.URL = "https://me:secret@shop.example.com/" }, "spec.url"},
		"no mode":         {func(s *v1alpha1.WebhookEndpointSpec) { s.Stripe = nil }, "spec.stripe is required"},
		"no Secret":       {func(s *v1alpha1.WebhookEndpointSpec) { s.SecretRef = nil }, "spec.secretRef is required"},
		"a wildcard":      {func(s *v1alpha1.WebhookEndpointSpec) { s.Events = []string{"*"} }, "spec.events[0]"},
		"a part of another sender": {
			func(s *v1alpha1.WebhookEndpointSpec) { s.Svix = &v1alpha1.SvixWebhook{Application: "shop"} }, "spec.svix applies to provider Svix alone, found provider Stripe",
		},
		"no application": {
			func(s *v1alpha1.WebhookEndpointSpec) { s.Provider, s.Stripe = "Svix", nil }, "spec.svix is required",
		},
		"a region and a server": {
			func(s *v1alpha1.WebhookEndpointSpec) {
				s.Provider, s.Stripe, s.Endpoint = "Convoy", nil, "https://convoy.example.com/api"
				s.Convoy = &v1alpha1.ConvoyWebhook{Project: "shop", Region: "EU"}
			}, "set either spec.convoy.region",
		},
		"an event twice": {func(s *v1alpha1.WebhookEndpointSpec) { s.Events = []string{"a.b", "a.b"} }, "Duplicate value"},
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
	t.Parallel()
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
