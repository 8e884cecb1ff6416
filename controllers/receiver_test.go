// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// receivingEnd is an app that takes webhooks of Stripe and checks their signatures, and the object that watches it.
type receivingEnd struct {
	*providertest.Receiver
	hook *v1alpha1.WebhookEndpoint
	// secret holds the signing secret that both have, credential.
	secret     *corev1.Secret
	credential string
}

func newReceivingEnd(t *testing.T) receivingEnd {
	t.Helper()
	namespace, credential := newNamespace(t), "whsec_"+key(t)
	app := providertest.NewReceiver("/webhooks/stripe", credential)
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	hook := &v1alpha1.WebhookEndpoint{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "invoices-receiver"}}
	hook.Spec.Provider, hook.Spec.URL = "Receiver", server.URL+app.Path
	hook.Spec.TestPing = &v1alpha1.TestPing{Signature: "Stripe", Forged: v1alpha1.SendForgedPing}
	hook.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	hook.Spec.PeriodSeconds, hook.Spec.FailureThreshold = 86400, 1
	return receivingEnd{Receiver: app, hook: hook, secret: secret(namespace, credential), credential: credential}
}

func answers(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}

func TestWhatIsWrongWithAReceiverIsToldByItsCause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// breaks has the app, or what stands before it, do what is wrong, or the spec say it.
		breaks        func(receivingEnd)
		reason, stage string
		says          []string
	}{
		"it has another signing secret": {
			func(r receivingEnd) { r.Holds("whsec_of_another_endpoint") },
			v1alpha1.ReasonSignatureRejected, "Authenticated", []string{"Secret credential (key apiKey)", "signing secret that the sender shows"},
		},
		"it checks no signatures": {
			func(r receivingEnd) {
				r.Answers(nil, func(w http.ResponseWriter, _ bool) { w.WriteHeader(http.StatusOK) })
			},
			v1alpha1.ReasonSignatureNotVerified, "Authenticated", []string{"anybody can send it events", "raw body"},
		},
		"the path is another one": {
			func(r receivingEnd) { r.hook.Spec.URL += "s" },
			v1alpha1.ReasonReceiverNotFound, "Provisioned", []string{"spec.url", "/webhooks/stripes"},
		},
		"the URL redirects": {
			func(r receivingEnd) { r.Answers(answers(308, "Location", "/webhooks/stripe/"), nil) },
			v1alpha1.ReasonReceiverRedirects, "Provisioned", []string{"/webhooks/stripe/.", "follow no redirect"},
		},
		"it asks senders to stop": {
			func(r receivingEnd) { r.Answers(answers(410), nil) },
			v1alpha1.ReasonReceiverGone, "Provisioned", []string{"410"},
		},
		"it fails at what it does not know": {
			func(r receivingEnd) { r.Answers(nil, func(w http.ResponseWriter, _ bool) { w.WriteHeader(422) }) },
			v1alpha1.ReasonTestPingFailed, "", []string{"422", "2xx to events whose type it does not know"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceivingEnd(t)
			right := r.hook.Spec.URL
			c.breaks(r)
			create(t, r.secret, r.hook)
			healthy := waitForReason(t, r.hook, c.reason)
			for _, text := range c.says {
				if !strings.Contains(healthy.Message, text) {
					t.Errorf("expected %q in the message %q", text, healthy.Message)
				}
			}
			ready := metav1.ConditionFalse
			if c.stage == "" {
				ready = metav1.ConditionTrue // The way and the secret may be right.
			} else if got := condition(r.hook, c.stage); got.Status != metav1.ConditionFalse || got.Reason != c.reason {
				t.Errorf("condition %s: expected False with reason %s, found %+v", c.stage, c.reason, got)
			}
			if got := condition(r.hook, "Ready"); got.Status != ready {
				t.Errorf("expected Ready %s, found %+v", ready, got)
			}
			waitForEvent(t, r.hook, c.reason)

			r.Holds(r.credential)
			r.Answers(nil, nil)
			if r.hook.Spec.URL != right {
				update(t, r.hook, func() { r.hook.Spec.URL = right })
			} else {
				probeNow(t, r.hook, "mended")
			}
			waitForReason(t, r.hook, v1alpha1.ReasonPassed)
			if pings := r.Received(); pings[len(pings)-1].Problem == "" {
				t.Error("expected the last ping to be the forged one, which the app refuses")
			}
		})
	}
}

func TestAReceiverThatRefusesAPingIsMendedByTheSecretToo(t *testing.T) {
	t.Parallel()
	r := newReceivingEnd(t)
	r.secret.StringData["apiKey"] = r.credential + "_of_the_old_endpoint"
	create(t, r.secret, r.hook)
	waitForReason(t, r.hook, v1alpha1.ReasonSignatureRejected)
	update(t, r.secret, func() { r.secret.StringData = map[string]string{"apiKey": r.credential} })
	waitForReason(t, r.hook, v1alpha1.ReasonPassed)
	if got := condition(r.hook, "Authenticated"); got.Status != metav1.ConditionTrue {
		t.Errorf("expected the signing secret to be proven, found %+v", got)
	}
}

func TestWithoutAPingAReceiverIsProvenToListenAndNoMore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listens        http.HandlerFunc
		healthy        metav1.ConditionStatus
		reason, ready  string
		provisioned    string
		provisionedHas metav1.ConditionStatus
	}{
		"someone listens":                  {nil, "True", v1alpha1.ReasonPassed, "Unproven", v1alpha1.ReasonReceiverUnproven, "Unknown"},
		"it is open to its sender alone":   {answers(403), "True", v1alpha1.ReasonPassed, "Unproven", v1alpha1.ReasonReceiverGuarded, "Unknown"},
		"nothing is there but for POST":    {answers(404), "Unknown", v1alpha1.ReasonReceiverPathUnclear, "Unproven", v1alpha1.ReasonReceiverPathUnclear, "Unknown"},
		"a proxy asks who comes":           {answers(401, "WWW-Authenticate", "Basic"), "Unknown", v1alpha1.ReasonReceiverAsksLogin, "Unproven", v1alpha1.ReasonReceiverAsksLogin, "Unknown"},
		"it redirects, which is a mistake": {answers(301, "Location", "/"), "False", v1alpha1.ReasonReceiverRedirects, v1alpha1.ReasonReceiverRedirects, v1alpha1.ReasonReceiverRedirects, "False"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceivingEnd(t)
			r.hook.Spec.TestPing, r.hook.Spec.SecretRef = nil, nil
			r.Answers(c.listens, nil)
			create(t, r.hook)
			if got := waitForReason(t, r.hook, c.reason); got.Status != c.healthy {
				t.Errorf("expected Healthy %s, found %+v", c.healthy, got)
			}
			if got := condition(r.hook, "Provisioned"); got.Status != c.provisionedHas || got.Reason != c.provisioned {
				t.Errorf("expected Provisioned %s %s, found %+v", c.provisionedHas, c.provisioned, got)
			}
			if got := condition(r.hook, "Ready"); got.Reason != c.ready {
				t.Errorf("expected Ready with reason %s, found %+v", c.ready, got)
			}
			if pings := r.Received(); len(pings) > 0 {
				t.Errorf("expected no ping that nobody opted in to, found %+v", pings)
			}
		})
	}
}

// TestASecretThatMayBeShortSignsWithConsentAlone has a secret of which nobody knows whether it can be guessed.
func TestASecretThatMayBeShortSignsWithConsentAlone(t *testing.T) {
	t.Parallel()
	r := newReceivingEnd(t)
	r.hook.Spec.TestPing.Signature = "HMACSHA256"
	r.secret.StringData["apiKey"] = key(t)
	r.Holds(r.secret.StringData["apiKey"])
	create(t, r.secret, r.hook)
	healthy := waitForReason(t, r.hook, v1alpha1.ReasonConsentMissing)
	host := strings.TrimPrefix(strings.TrimSuffix(r.hook.Spec.URL, r.Path), "http://")
	if !strings.Contains(healthy.Message, v1alpha1.AllowedHostsAnnotation+"="+host) {
		t.Errorf("expected the message to say how to consent to %s, found %q", host, healthy.Message)
	}
	if pings := r.Received(); len(pings) > 0 {
		t.Errorf("a ping was signed without consent: %+v", pings)
	}
	update(t, r.secret, func() { r.secret.Annotations = map[string]string{v1alpha1.AllowedHostsAnnotation: host} })
	waitForReason(t, r.hook, v1alpha1.ReasonPassed)
}

func TestASecretThatCannotSignIsToldBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	r := newReceivingEnd(t)
	r.secret.StringData["apiKey"] = "secret-of-" + key(t)
	create(t, r.secret, r.hook)
	waitForReason(t, r.hook, v1alpha1.ReasonSigningSecretUnfit)
	if pings := r.Received(); len(pings) > 0 {
		t.Errorf("a ping was sent: %+v", pings)
	}
}

func TestReceiverSpecsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.WebhookEndpointSpec)
		want  string
	}{
		"a ping without a secret": {func(s *v1alpha1.WebhookEndpointSpec) { s.SecretRef = nil }, "set both, or neither"},
		"a secret without a ping": {func(s *v1alpha1.WebhookEndpointSpec) { s.TestPing = nil }, "set both, or neither"},
		"events":                  {func(s *v1alpha1.WebhookEndpointSpec) { s.Events = []string{"a.b"} }, "spec.events"},
		"an endpoint":             {func(s *v1alpha1.WebhookEndpointSpec) { s.Endpoint = "https://a.example.com" }, "spec.endpoint"},
		"no signature":            {func(s *v1alpha1.WebhookEndpointSpec) { s.TestPing.Signature = "" }, "spec.testPing.signature"},
		"too often":               {func(s *v1alpha1.WebhookEndpointSpec) { s.TestPing.PeriodSeconds = 60 }, "3600"},
		"a ping at a sender": {func(s *v1alpha1.WebhookEndpointSpec) {
			s.Provider, s.Stripe = "Stripe", &v1alpha1.StripeWebhook{Mode: v1alpha1.StripeLive}
		}, "spec.testPing applies to provider Receiver alone"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceivingEnd(t)
			c.spoil(&r.hook.Spec)
			err := world.admin.Create(t.Context(), client.Object(r.hook))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
}
