// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

// reporting is a job that reads leads and invoices with a key whose owner consents.
func reporting(t *testing.T) (api *v1alpha1.PublicAPI, credential string) {
	t.Helper()
	namespace, endpoint := newNamespace(t), world.urls["DevSphere"]
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	credential = "dvs_live_" + key(t)
	s := secret(namespace, credential)
	s.Annotations = map[string]string{v1alpha1.AllowedHostsAnnotation: u.Host}
	api = &v1alpha1.PublicAPI{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "reporting"}}
	api.Spec.Provider, api.Spec.Endpoint = "DevSphere", endpoint
	api.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: s.Name}
	api.Spec.PeriodSeconds = 86400 // No period ends in these stories: every step is woken by an event.
	api.Spec.Requests = []v1alpha1.APIRequest{
		{Path: "/api/v1/leads", Scope: "leads:read"}, {Path: "/api/v1/invoices", Scope: "invoices:read"},
	}
	create(t, s)
	return api, credential
}

func TestWhatAnAPIRefusesIsToldByItsCause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plays, reason, stage string
		says                 []string
	}{
		"401 invalid_api_key":    {providertest.Unauthorized, v1alpha1.ReasonInvalidAPIKey, "Authenticated", []string{"rejects the API key in Secret credential (key apiKey)"}},
		"403 insufficient_scope": {"both scopes are missing", v1alpha1.ReasonInsufficientScope, "Authorized", []string{"leads:read", "invoices:read"}},
		"403 forbidden":          {"the role may not", v1alpha1.ReasonRoleForbidden, "Authorized", []string{"permissions of the key"}},
		"404 at a path":          {"a path is not there", v1alpha1.ReasonRequestPathNotFound, "Provisioned", []string{"/api/v1/invoices"}},
	} {
		t.Run(name, func(t *testing.T) {
			api, credential := reporting(t)
			vendor := world.vendors["DevSphere"]
			vendor.PlayFor(credential, c.plays)
			create(t, api)
			healthy := waitForReason(t, api, c.reason)
			for _, text := range c.says {
				if !strings.Contains(healthy.Message, text) {
					t.Errorf("expected %q in the message %q", text, healthy.Message)
				}
			}
			for _, kind := range []string{c.stage, "Healthy", "Ready"} {
				if got := condition(api, kind); got.Status != metav1.ConditionFalse || got.Reason != c.reason {
					t.Errorf("condition %s: expected False with reason %s, found %+v", kind, c.reason, got)
				}
			}
			waitForEvent(t, api, c.reason)
			metric := `mainstay_dependency_verdict{blame="Owner",healthy="False",kind="PublicAPI",name="reporting",namespace="` +
				api.Namespace + `",provider="DevSphere",ready="False",reason="` + c.reason + `",secret="credential"} 1`
			if got := scrape(t); !strings.Contains(got, metric) {
				t.Errorf("expected the metric %s", metric)
			}
			leadsTo(t, api, name, c.reason)

			vendor.PlayFor(credential, "")
			probeNow(t, api, "mended")
			waitForReason(t, api, v1alpha1.ReasonPassed)
		})
	}
}

// leadsTo types what a user sees of a fault, and expects it to lead to the object and the reason first.
func leadsTo(t *testing.T, object target.Dependency, typed, reason string) {
	t.Helper()
	a := newShell(t).why(object.GetNamespace(), strconv.Quote(typed))
	if len(a.Causes) == 0 || a.Causes[0].Reason != reason || !strings.HasSuffix(a.Causes[0].Object, "/"+object.GetName()) {
		t.Errorf("expected %q to lead to %s of %s, found %+v", typed, reason, object.GetName(), a.Causes)
	}
}

func TestARateLimitOfAnAPIIsTheAppsOwnUse(t *testing.T) {
	t.Parallel()
	api, credential := reporting(t)
	api.Spec.FailureThreshold = 1
	api.Spec.RateLimit = &v1alpha1.RateLimitSpec{RequestsPerMinute: 12000}
	world.vendors["DevSphere"].PlayFor(credential, providertest.RateLimited)
	create(t, api)
	waitForReason(t, api, v1alpha1.ReasonRateLimited)
	if c := condition(api, "Ready"); c.Status != metav1.ConditionTrue || c.Reason != v1alpha1.ReasonUnproven {
		t.Errorf("expected Ready True Unproven, since the key was never refused; found %+v", c)
	}
	if c := condition(api, "Reachable"); c.Status != metav1.ConditionTrue {
		t.Errorf("expected a 429 to prove that the API answers, found %+v", c)
	}
	if e := waitForEvent(t, api, v1alpha1.ReasonRateLimited); !strings.Contains(e.Note, "back off") {
		t.Errorf("expected the event to say what to do, found %q", e.Note)
	}
	metric := `mainstay_dependency_verdict{blame="Owner",healthy="False",kind="PublicAPI",name="reporting",namespace="` +
		api.Namespace + `",provider="DevSphere",ready="True",reason="RateLimited",secret="credential"} 1`
	if got := scrape(t); !strings.Contains(got, metric) {
		t.Errorf("expected the metric %s, found:\n%s", metric, about(got, api.Namespace))
	}
	leadsTo(t, api, "429 rate_limited", v1alpha1.ReasonRateLimited)
}

func TestAKeyThatExpiresSoonIsToldOfAndStaysHealthy(t *testing.T) {
	t.Parallel()
	api, _ := reporting(t)
	expiry := metav1.NewTime(time.Now().Add(72 * time.Hour)).Rfc3339Copy()
	api.Spec.ExpiresAt = &expiry
	create(t, api)
	waitForReason(t, api, v1alpha1.ReasonPassed)
	waitForEvent(t, api, v1alpha1.ReasonAPIKeyExpiringSoon)
	if c := condition(api, "Healthy"); c.Status != metav1.ConditionTrue {
		t.Errorf("expected it to stay healthy, found %+v", c)
	}
	if got := api.Status.CredentialExpiresAt; got == nil || !got.Equal(&expiry) {
		t.Errorf("expected the time in the status, found %v", got)
	}
	if got := scrape(t); !strings.Contains(got, `mainstay_credential_expiry_time_seconds{kind="PublicAPI",name="reporting",namespace="`+api.Namespace) {
		t.Error("expected the time as a metric")
	}
}

func TestHeadroomShowsCoarselyAndExactly(t *testing.T) {
	t.Parallel()
	api, _ := reporting(t)
	create(t, api)
	waitForReason(t, api, v1alpha1.ReasonPassed)
	waitFor(t, api, "the headroom", func() bool { return len(api.Status.Headroom) > 0 })
	if h := api.Status.Headroom[0]; h.Resource != "requests" || *h.Limit != 120 || *h.UsedPercent != 0 {
		t.Errorf("expected 120 requests of which hardly any are used, found %+v", h)
	}
	want := `mainstay_provider_remaining{kind="PublicAPI",name="reporting",namespace="` + api.Namespace + `",provider="DevSphere",resource="requests"} 116`
	if got := scrape(t); !strings.Contains(got, want) {
		t.Errorf("expected the metric %s", want)
	}
}

func TestAPISpecsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.PublicAPISpec)
		want  string
	}{
		"no endpoint":         {func(s *v1alpha1.PublicAPISpec) { s.Endpoint = "" }, "spec.endpoint is required"},
		"no Secret":           {func(s *v1alpha1.PublicAPISpec) { s.SecretRef = nil }, "spec.secretRef is required"},
		"no requests":         {func(s *v1alpha1.PublicAPISpec) { s.Requests = nil }, "spec.requests"},
		"a path that is none": {func(s *v1alpha1.PublicAPISpec) { s.Requests[0].Path = "leads" }, "spec.requests[0].path"},
		"a path twice":        {func(s *v1alpha1.PublicAPISpec) { s.Requests[1].Path = s.Requests[0].Path }, "Duplicate value"},
	} {
		t.Run(name, func(t *testing.T) {
			api, _ := reporting(t)
			c.spoil(&api.Spec)
			err := world.admin.Create(t.Context(), client.Object(api))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
}
