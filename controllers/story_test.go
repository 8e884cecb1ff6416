// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

func TestHealthyDependencyIsProvenStageByStage(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	ai := openAI(namespace)
	ai.Spec.Models = []string{"gpt-4o-mini"}
	create(t, secret(namespace, key(t)), ai)

	waitForReason(t, ai, v1alpha1.ReasonPassed)
	for _, kind := range []string{"Configured", "Reachable", "Authenticated", "Authorized", "Provisioned", "Healthy", "Ready"} {
		if c := condition(ai, kind); c == nil || c.Status != metav1.ConditionTrue || c.ObservedGeneration != 1 {
			t.Errorf("condition %s: expected True for generation 1, found %+v", kind, c)
		}
	}
	if ai.Status.LastProbeTime == nil || ai.Status.AcceptedSecret == nil {
		t.Errorf("expected the time of the probe and the accepted Secret, found %+v", ai.Status)
	}
	if e := waitForEvent(t, ai, "Healthy"); e.Type != corev1.EventTypeNormal {
		t.Errorf("expected a normal event, found %s", e.Type)
	}
	want := `mainstay_dependency_verdict{blame="",healthy="True",kind="AIProvider",name="assistant",namespace="` + namespace +
		`",provider="OpenAI",ready="True",reason="Passed",secret="credential"} 1`
	if got := scrape(t); !strings.Contains(got, want) {
		t.Errorf("expected the metric %s in:\n%s", want, got)
	}
}

func TestNothingConfiguredIsACauseAtOnce(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	ai := &v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "assistant"}}
	email := &v1alpha1.EmailProvider{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "transactional"}}
	create(t, ai, email)
	for _, c := range []struct {
		object target.Dependency
		reason string
	}{{ai, v1alpha1.ReasonNoAIProvider}, {email, v1alpha1.ReasonNoEmailProvider}} {
		waitForReason(t, c.object, c.reason)
		for _, kind := range []string{"Configured", "Healthy", "Ready"} {
			if got := condition(c.object, kind); got.Status != metav1.ConditionFalse || got.Reason != c.reason {
				t.Errorf("condition %s: expected False with reason %s, found %+v", kind, c.reason, got)
			}
		}
		if stalled := condition(c.object, v1alpha1.ConditionStalled); stalled == nil || stalled.Status != metav1.ConditionTrue {
			t.Errorf("expected Stalled, since only the spec can help; found:\n%s", shown(c.object))
		}
		if e := waitForEvent(t, c.object, c.reason); e.Type != corev1.EventTypeWarning {
			t.Errorf("expected a warning, found %s", e.Type)
		}
	}
}

func TestSecretIsJudgedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	good := key(t)
	for name, c := range map[string]struct {
		value  map[string]string
		reason string
	}{
		"no such key":      {map[string]string{"other": good}, v1alpha1.ReasonSecretKeyMissing},
		"empty":            {map[string]string{"apiKey": ""}, v1alpha1.ReasonSecretKeyEmpty},
		"placeholder":      {map[string]string{"apiKey": "sk-xxxxxxxx"}, v1alpha1.ReasonPlaceholderCredential},
		"line break":       {map[string]string{"apiKey": good + "\n"}, v1alpha1.ReasonCredentialHasLineBreak},
		"blank":            {map[string]string{"apiKey": good + " x"}, v1alpha1.ReasonCredentialHasWhitespace},
		"not text":         {map[string]string{"apiKey": good + "\x01"}, v1alpha1.ReasonCredentialMalformed},
		"another vendor":   {map[string]string{"apiKey": "sk-ant-" + canary + "0"}, v1alpha1.ReasonWrongKeyKind},
		"an admin's key":   {map[string]string{"apiKey": "sk-admin-" + canary + "0"}, v1alpha1.ReasonWrongKeyKind},
		"email provider's": {map[string]string{"apiKey": "re_" + canary + "0"}, v1alpha1.ReasonWrongKeyKind},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := newNamespace(t)
			s := secret(namespace, "")
			s.StringData = c.value
			ai := openAI(namespace)
			create(t, s, ai)
			waitForReason(t, ai, c.reason)
			if ready := condition(ai, "Ready"); ready.Status != metav1.ConditionFalse || ready.Reason != c.reason {
				t.Errorf("expected Ready False with reason %s, found %+v", c.reason, ready)
			}
			for _, value := range c.value {
				for _, r := range world.vendors["OpenAI"].Requests() {
					if value != "" && strings.TrimSpace(value) == r.Credential && r.Credential != good {
						t.Errorf("a credential that cannot work was sent")
					}
				}
			}
		})
	}
}

func TestMendingTheSecretIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	ai := openAI(namespace)
	ai.Spec.PeriodSeconds = 86400 // No period ends in this test: every step is woken by an event.
	create(t, ai)
	missing := waitForReason(t, ai, v1alpha1.ReasonSecretNotFound)
	if !strings.Contains(missing.Message, "credential") || !strings.Contains(missing.Message, namespace) {
		t.Errorf("expected the message to name the Secret and its namespace, found %q", missing.Message)
	}
	if condition(ai, v1alpha1.ConditionStalled) != nil {
		t.Errorf("a missing Secret may come later, so the object is not stalled")
	}

	wrong, right := key(t), key(t)
	world.vendors["OpenAI"].PlayFor(wrong, providertest.Unauthorized)
	s := secret(namespace, wrong)
	create(t, s)
	waitForReason(t, ai, v1alpha1.ReasonInvalidAPIKey)
	if e := waitForEvent(t, ai, v1alpha1.ReasonSecretNotFound); e.Related == nil || e.Related.Name != "credential" {
		t.Errorf("expected the event to point at the Secret, found %+v", e.Related)
	}

	update(t, s, func() { s.Data["apiKey"] = []byte(right) })
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	if ready := condition(ai, "Ready"); ready.Status != metav1.ConditionTrue {
		t.Errorf("expected Ready, found %+v", ready)
	}

	if err := world.admin.Delete(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	waitForReason(t, ai, v1alpha1.ReasonSecretNotFound)
}

func TestRevokedKeyIsToldFromAMistypedOne(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	credential := key(t)
	ai := openAI(namespace)
	ai.Spec.FailureThreshold = 2
	create(t, secret(namespace, credential), ai)
	waitForReason(t, ai, v1alpha1.ReasonPassed)

	world.vendors["OpenAI"].PlayFor(credential, providertest.Unauthorized)
	probeNow(t, ai, "first")
	if healthy := condition(ai, "Healthy"); healthy.Status != metav1.ConditionTrue {
		t.Fatalf("one refusal of a key that works must not count, found %+v", healthy)
	}
	probeNow(t, ai, "second")
	if healthy := condition(ai, "Healthy"); healthy.Reason != v1alpha1.ReasonAPIKeyRevokedOrExpired {
		t.Fatalf("expected APIKeyRevokedOrExpired, found:\n%s", shown(ai))
	}
	if ready := condition(ai, "Ready"); ready.Status != metav1.ConditionFalse {
		t.Errorf("expected Ready False, found %+v", ready)
	}

	world.vendors["OpenAI"].PlayFor(credential, "")
	probeNow(t, ai, "third")
	waitForReason(t, ai, v1alpha1.ReasonPassed)
}

func TestVendorsAnswersBecomeCauses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		email        bool
		domain       string
		models       []string
		played       string
		healthy      metav1.ConditionStatus
		reason, says string
	}{
		"403 insufficient scope, and something needs it": {
			models: []string{"gpt-4o-mini"}, played: "missing scope for a model that is asked for",
			healthy: "False", reason: v1alpha1.ReasonInsufficientScope, says: "api.model.read",
		},
		"429 rate limited is not believed at once": {
			played: providertest.RateLimited, healthy: "Unknown", reason: v1alpha1.ReasonRateLimited, says: "rate limit",
		},
		"the AI returns nothing since credit is used up": {
			played: "prepaid credit used up", healthy: "False", reason: v1alpha1.ReasonQuotaExhausted, says: "billing",
		},
		"the AI returns nothing since the model does not exist": {
			models: []string{"gpt-4o-mini", "gpt-9"}, played: providertest.Healthy,
			healthy: "False", reason: v1alpha1.ReasonModelNotAvailable, says: "gpt-9",
		},
		"emails are not sent since the domain is not verified": {
			email: true, domain: "new.example.com", played: providertest.Healthy,
			healthy: "False", reason: v1alpha1.ReasonDomainNotVerified, says: "new.example.com",
		},
		"emails are not sent since the domain is unknown": {
			email: true, domain: "example.com", played: providertest.Healthy,
			healthy: "False", reason: v1alpha1.ReasonDomainNotFound, says: "example.com",
		},
		"a key that may only send is healthy, since DNS proves the domain": {
			email: true, domain: "mail.example.com", played: "send-only key",
			healthy: "True", reason: v1alpha1.ReasonPassed, says: "DNS proves it instead: resend._domainkey.mail.example.com",
		},
	} {
		t.Run(name, func(t *testing.T) {
			namespace, credential := newNamespace(t), key(t)
			ai, email := openAI(namespace), resend(namespace)
			ai.Spec.Models, email.Spec.Domain = c.models, c.domain
			object, vendor := target.Dependency(ai), world.vendors["OpenAI"]
			if c.email {
				credential = strings.Replace(credential, "sk-", "re_", 1)
				object, vendor = email, world.vendors["Resend"]
			}
			vendor.PlayFor(credential, c.played)
			create(t, secret(namespace, credential), object.(client.Object))
			found := waitForReason(t, object, c.reason)
			if found.Status != c.healthy || !strings.Contains(found.Message, c.says) {
				t.Errorf("expected Healthy %s with %q in its message, found:\n%s", c.healthy, c.says, shown(object))
			}
		})
	}
}

func TestOutageTakesNothingBackAndGatesNothing(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	credential := key(t)
	ai := openAI(namespace)
	ai.Spec.FailureThreshold = 2
	world.vendors["OpenAI"].PlayFor(credential, providertest.ServerError)
	create(t, secret(namespace, credential), ai)

	first := waitForReason(t, ai, v1alpha1.ReasonServerError)
	if first.Status != metav1.ConditionUnknown {
		t.Errorf("expected Healthy Unknown before the threshold, found %+v", first)
	}
	if ready := condition(ai, "Ready"); ready.Status != metav1.ConditionTrue || ready.Reason != v1alpha1.ReasonUnproven {
		t.Errorf("expected Ready True Unproven, found %+v", ready)
	}
	probeNow(t, ai, "again")
	if healthy := condition(ai, "Healthy"); healthy.Status != metav1.ConditionFalse {
		t.Errorf("expected Healthy False at the threshold, found %+v", healthy)
	}

	world.vendors["OpenAI"].PlayFor(credential, "")
	probeNow(t, ai, "mended")
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	world.vendors["OpenAI"].PlayFor(credential, providertest.ServerError)
	probeNow(t, ai, "down 1")
	probeNow(t, ai, "down 2")
	if c := condition(ai, "Authenticated"); c.Status != metav1.ConditionTrue {
		t.Errorf("an outage must not take back what was proven, found %+v", c)
	}
	if c := condition(ai, "Healthy"); c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonServerError {
		t.Errorf("expected Healthy False ServerError, found %+v", c)
	}
	if c := condition(ai, "Ready"); c.Status != metav1.ConditionTrue {
		t.Errorf("an outage must not turn Ready, found %+v", c)
	}
}

func TestOwnEndpointNeedsTheSecretsConsent(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	credential := key(t)
	endpoint := world.urls["OpenAICompatible"]
	u, _ := url.Parse(endpoint)
	ai := openAI(namespace)
	ai.Spec.Provider, ai.Spec.Endpoint = "OpenAICompatible", endpoint
	s := secret(namespace, credential)
	create(t, s, ai)

	refused := waitForReason(t, ai, v1alpha1.ReasonConsentMissing)
	command := "kubectl annotate secret -n " + namespace + " credential mainstay.dev/allowed-hosts=" + u.Host
	if !strings.Contains(refused.Message, command) {
		t.Errorf("expected the command that consents, %q, in %q", command, refused.Message)
	}
	for _, r := range world.vendors["OpenAICompatible"].Requests() {
		if r.Credential == credential {
			t.Fatal("the credential was sent without consent")
		}
	}
	update(t, s, func() { s.Annotations = map[string]string{v1alpha1.AllowedHostsAnnotation: u.Host} })
	waitForReason(t, ai, v1alpha1.ReasonPassed)

	update(t, ai, func() { ai.Spec.Endpoint = "http://169.254.169.254/v1" })
	update(t, s, func() { s.Annotations[v1alpha1.AllowedHostsAnnotation] += ",169.254.169.254" })
	waitForReason(t, ai, v1alpha1.ReasonDestinationNotAllowed)
	if condition(ai, v1alpha1.ConditionStalled) == nil {
		t.Errorf("expected Stalled, found:\n%s", shown(ai))
	}
}

func TestSuspendStopsProbing(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	ai := openAI(namespace)
	create(t, secret(namespace, key(t)), ai)
	waitForReason(t, ai, v1alpha1.ReasonPassed)

	update(t, ai, func() { ai.Spec.Suspend = true })
	healthy := waitForReason(t, ai, v1alpha1.ReasonSuspended)
	if ready := condition(ai, "Ready"); healthy.Status != metav1.ConditionUnknown || ready.Status != metav1.ConditionTrue || ready.Reason != v1alpha1.ReasonSuspended {
		t.Errorf("expected Healthy Unknown and Ready True, found:\n%s", shown(ai))
	}
	probeNow(t, ai, "while it is suspended") // It is echoed, so that who waits for it learns why nothing is probed.
	if healthy := condition(ai, v1alpha1.ConditionHealthy); healthy.Reason != v1alpha1.ReasonSuspended {
		t.Errorf("expected the object to stay suspended, found:\n%s", shown(ai))
	}
	update(t, ai, func() { ai.Spec.Suspend = false })
	waitForReason(t, ai, v1alpha1.ReasonPassed)
}

// probeNow asks for a probe and waits until it has ended.
func probeNow(t *testing.T, object target.Dependency, request string) {
	t.Helper()
	update(t, object.(client.Object), func() {
		object.SetAnnotations(map[string]string{v1alpha1.RequestedAtAnnotation: request})
	})
	waitFor(t, object, "the echo of request "+request, func() bool {
		return object.SharedStatus().LastHandledRequest == request
	})
}
