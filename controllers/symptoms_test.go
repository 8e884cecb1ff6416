// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

// story is a symptom that a user sees, and the way from it to an object that works again.
type story struct {
	// given makes the object that is at fault, in a namespace of its own, and says how to mend what stands at
	// the vendor.
	given func(*testing.T, string) (object target.Dependency, mend func())
	typed string
	// reason and says are of the cause that has to come first.
	reason, says string
	// input is what the fix asks for; editor changes what the fix opens.
	input  func(*testing.T) string
	editor string
}

// answering has a vendor answer a new credential in one way from the start.
func answering(provider, plays string, object func(*testing.T, string) (target.Dependency, string)) func(*testing.T, string) (target.Dependency, func()) {
	return func(t *testing.T, namespace string) (target.Dependency, func()) {
		o, credential := object(t, namespace)
		world.vendors[provider].PlayFor(credential, plays)
		create(t, secret(namespace, credential), o.(client.Object))
		return o, func() { world.vendors[provider].PlayFor(credential, "") }
	}
}

// assistantWith is an AI provider that asks for a model.
func assistantWith(model string) func(*testing.T, string) (target.Dependency, string) {
	return func(t *testing.T, namespace string) (target.Dependency, string) {
		ai := openAI(namespace)
		ai.Spec.Models, ai.Spec.FailureThreshold = []string{model}, 1
		return ai, key(t)
	}
}

// mailFrom is an email provider that sends from a domain.
func mailFrom(domain string) func(*testing.T, string) (target.Dependency, string) {
	return func(t *testing.T, namespace string) (target.Dependency, string) {
		email := resend(namespace)
		email.Spec.Domain = domain
		return email, "re_" + key(t)
	}
}

// webhookFor is where Stripe tells an app of events.
func webhookFor(url string, events ...string) func(*testing.T, string) (target.Dependency, string) {
	return func(t *testing.T, namespace string) (target.Dependency, string) {
		hook := &v1alpha1.WebhookEndpoint{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "orders"}}
		hook.Spec.URL, hook.Spec.Events, hook.Spec.FailureThreshold = url, events, 1
		hook.Spec.Stripe = &v1alpha1.StripeWebhook{Mode: v1alpha1.StripeLive}
		hook.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
		return hook, "rk_live_" + key(t)
	}
}

const ordersURL = "https://shop.example.com/webhooks/stripe"

// stories are the symptoms by which users meet faults, typed as they type them.
var stories = map[string]story{
	"401 invalid_api_key": {
		given: answering("OpenAI", providertest.Unauthorized, assistantWith("gpt-4o-mini")),
		typed: "401 invalid_api_key", reason: v1alpha1.ReasonInvalidAPIKey,
		says: "OpenAI rejects the API key in Secret credential (key apiKey).", input: key,
	},
	"401 since the Secret is missing": {
		given: func(t *testing.T, namespace string) (target.Dependency, func()) {
			ai := openAI(namespace)
			create(t, ai)
			return ai, nil
		},
		typed: `"Error 401: Unauthorized"`, reason: v1alpha1.ReasonSecretNotFound, says: "Secret credential does not exist", input: key,
	},
	"403 insufficient_scope": {
		given: answering("OpenAI", "missing scope for a model that is asked for", assistantWith("gpt-4o-mini")),
		typed: "403 insufficient_scope", reason: v1alpha1.ReasonInsufficientScope, says: "lacks a scope: api.model.read", input: key,
	},
	"403 forbidden": {
		given: answering("OpenAI", "missing scope for a model that is asked for", assistantWith("gpt-4o-mini")),
		typed: "403 forbidden", reason: v1alpha1.ReasonInsufficientScope, says: "lacks a scope", input: key,
	},
	"429 rate_limited": {
		given: answering("OpenAI", "told to slow down", assistantWith("gpt-4o-mini")),
		typed: "429 rate_limited", reason: v1alpha1.ReasonRateLimited, says: "rate limit of this key or account is used up",
	},
	"AI returns nothing since no provider is chosen": {
		given: func(t *testing.T, namespace string) (target.Dependency, func()) {
			ai, s := openAI(namespace), secret(namespace, key(t))
			ai.Spec, s.Name = v1alpha1.AIProviderSpec{}, "openai"
			create(t, s, ai)
			return ai, nil
		},
		typed: `"AI returns nothing"`, reason: v1alpha1.ReasonNoAIProvider, says: "No AI provider is configured.",
	},
	"AI returns nothing since the model does not exist": {
		given: answering("OpenAI", providertest.Healthy, assistantWith("gpt-9")),
		typed: `"AI returns nothing"`, reason: v1alpha1.ReasonModelNotAvailable, says: "gpt-9", editor: "sed -i s/gpt-9/gpt-4o-mini/",
	},
	"AI returns nothing since credit is used up": {
		given: answering("OpenAI", "prepaid credit used up", assistantWith("gpt-4o-mini")),
		typed: `"AI returns nothing"`, reason: v1alpha1.ReasonQuotaExhausted, says: "credit, quota or a spend limit is used up",
	},
	"emails not sending since no provider is chosen": {
		given: func(t *testing.T, namespace string) (target.Dependency, func()) {
			email, s := resend(namespace), secret(namespace, "re_"+key(t))
			email.Spec, s.Name = v1alpha1.EmailProviderSpec{}, "resend"
			create(t, s, email)
			return email, nil
		},
		typed: "emails not sending", reason: v1alpha1.ReasonNoEmailProvider, says: "No email provider is configured, so no email is sent.",
	},
	"emails not sending since the domain is not the provider's": {
		given: answering("Resend", providertest.Healthy, mailFrom("gone.example.com")),
		typed: "emails not sending", reason: v1alpha1.ReasonDomainNotFound, says: "gone.example.com",
		editor: "sed -i s/gone.example.com/mail.example.com/",
	},
	"webhook not received since the endpoint is disabled": {
		given: answering("Stripe", "the endpoint is disabled", webhookFor(ordersURL, "invoice.paid")),
		typed: "webhook not received", reason: v1alpha1.ReasonEndpointInactive, says: "is disabled at Stripe",
	},
	"webhook not received since the event is not subscribed": {
		given: answering("Stripe", providertest.Healthy, webhookFor(ordersURL, "invoice.paid", "payout.failed")),
		typed: "webhook not received", reason: v1alpha1.ReasonEventNotSubscribed, says: "payout.failed",
		editor: "sed -i /^..-.payout.failed$/d",
	},
	"webhook not received since the app does not take it": {
		given: answering("Stripe", "deliveries fail", webhookFor(ordersURL, "charge.refunded", "invoice.paid")),
		typed: "webhook not received", reason: v1alpha1.ReasonDeliveriesFailing, says: "does not take what Stripe sends",
	},
	"an object by its name": {
		given: func(t *testing.T, namespace string) (target.Dependency, func()) {
			ai := openAI(namespace)
			create(t, ai)
			return ai, nil
		},
		typed: "ai/assistant", reason: v1alpha1.ReasonSecretNotFound, says: "credential", input: key,
	},
	"an object by its name alone": {
		given: func(t *testing.T, namespace string) (target.Dependency, func()) {
			ai := openAI(namespace)
			ai.Name = "summaries"
			create(t, ai)
			return ai, nil
		},
		typed: "summaries", reason: v1alpha1.ReasonSecretNotFound, says: "credential", input: key,
	},
	"a suspended object": {
		given: func(t *testing.T, namespace string) (target.Dependency, func()) {
			ai := openAI(namespace)
			ai.Spec.Suspend = true
			create(t, secret(namespace, key(t)), ai)
			return ai, nil
		},
		reason: v1alpha1.ReasonSuspended, says: "suspended",
	},
}

// TestSymptomsLeadToTheirCause types what a user sees, checks which cause and fix comes first, and follows
// it until the object works.
func TestSymptomsLeadToTheirCause(t *testing.T) {
	for name, c := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace, s := newNamespace(t), newShell(t)
			object, mend := c.given(t, namespace)
			waitForReason(t, object, c.reason)
			a := s.why(namespace, c.typed)
			if len(a.Causes) == 0 || a.Causes[0].Reason != c.reason || !strings.HasSuffix(a.Causes[0].Object, "/"+object.GetName()) ||
				!strings.Contains(a.Causes[0].Seen, c.says) {
				t.Fatalf("expected %s of %s with %q first, found %+v", c.reason, object.GetName(), c.says, a.Causes)
			}
			if a.Caller.User == "" || a.Caller.Namespace != namespace {
				t.Errorf("expected who asks and where, found %+v", a.Caller)
			}
			if strings.HasPrefix(c.typed, "403") && (len(a.Permissions) == 0 || !a.Permissions[0].Allowed) {
				t.Errorf("expected the caller's own permissions, found %+v", a.Permissions)
			}
			c.follow(s, a, object, mend)
		})
	}
}

// follow does what the first cause says, in the cluster or at the vendor.
func (c story) follow(s shell, a answer, object target.Dependency, mend func()) {
	s.Helper()
	if len(a.Causes[0].Fix) == 0 {
		if a.Causes[0].Advice == "" {
			s.Error("expected advice where there is no command")
		}
		mend()
		s.verify(a, object)
		return
	}
	typed := ""
	if c.input != nil {
		typed = c.input(s.T) + "\n"
	}
	a.Causes[0].Fix[0] = "export KUBE_EDITOR='" + c.editor + "'; " + a.Causes[0].Fix[0]
	s.follow(a, typed, object)
}
