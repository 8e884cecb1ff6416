// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// overHTTP is a check of an API that is the test's own and plays a case, with what that case expects.
type overHTTP struct {
	access *v1alpha1.AccessCheck
	tokens *corev1.Secret
	vendor *providertest.Vendor
}

func playAccess(t *testing.T, provider v1alpha1.AccessProvider, plays string) overHTTP {
	t.Helper()
	fixture, err := providertest.Find("AccessCheck", string(provider))
	if err != nil {
		t.Fatal(err)
	}
	vendor := providertest.NewVendor(fixture)
	vendor.Play(plays)
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	fixture.Credential.Sample = key(t) // It is part of each token.
	if fixture.Credential.Gateway != "" {
		fixture.Credential.Gateway = "sb_publishable_" + key(t)
	}
	namespace := newNamespace(t)
	tokens := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: "tokens",
			Annotations: map[string]string{v1alpha1.AllowedHostsAnnotation: strings.TrimPrefix(server.URL, "http://")},
		},
		StringData: fixture.Credential.Values(),
	}
	access := &v1alpha1.AccessCheck{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "roles"}}
	access.Spec.Provider, access.Spec.Endpoint = provider, server.URL+fixture.BasePath
	access.Spec.PeriodSeconds = 86400 // No period ends in these stories: every step is woken by an event.
	access.Spec.FailureThreshold = 1
	access.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "tokens"}
	for _, e := range fixture.Cases[plays].Wants.Expectations {
		access.Spec.Expectations = append(access.Spec.Expectations, expectation(e))
	}
	return overHTTP{access: access, tokens: tokens, vendor: vendor}
}

// expectation is that of a fixture as a spec has it.
func expectation(e providertest.Expectation) v1alpha1.AccessExpectation {
	wanted := v1alpha1.AccessExpectation{Name: e.Name, Expect: v1alpha1.AccessAllow}
	if e.Deny {
		wanted.Expect = v1alpha1.AccessDeny
	}
	identity := v1alpha1.AccessToken
	if e.As == "" {
		identity = v1alpha1.AccessNobody
	}
	if e.Table == "" {
		wanted.HTTP = &v1alpha1.HTTPAccess{Identity: identity, TokenKey: e.As, Method: v1alpha1.HTTPMethod(e.Method), Path: e.Path}
		return wanted
	}
	wanted.PostgREST = &v1alpha1.PostgRESTAccess{Identity: identity, TokenKey: e.As, Schema: e.Schema, Table: e.Table, Columns: e.Columns}
	if e.Column != "" {
		wanted.PostgREST.Rows = &v1alpha1.PostgresRows{Column: e.Column, Value: &e.Value}
	}
	return wanted
}

// TestWhoMayDoWhatOverHTTPIsToldByItsCause goes from what a user sees of an app to who may do what, and which layer
// decided.
func TestWhoMayDoWhatOverHTTPIsToldByItsCause(t *testing.T) {
	t.Parallel()
	const inTheApp = "403 forbidden in the app"
	for name, c := range map[string]struct {
		provider      v1alpha1.AccessProvider
		plays, typed  string
		reason, stage string
		says          []string
	}{
		"a token is rejected": {
			v1alpha1.AccessHTTP, "one of two tokens is rejected", "401 unauthorized", v1alpha1.ReasonInvalidAPIKey, "Authenticated",
			[]string{"The API rejects the token in Secret tokens (key viewer)."},
		},
		"the role may not": {
			v1alpha1.AccessHTTP, "a manager may not see orders", inTheApp, v1alpha1.ReasonRoleForbidden, "Authorized",
			[]string{"orders (manager: GET /orders)", "Check first which role and which scopes the token has"},
		},
		"a scope is missing": {
			v1alpha1.AccessHTTP, "a scope is missing, as the body names it", "403 insufficient_scope", v1alpha1.ReasonInsufficientScope, "Authorized",
			[]string{"orders (manager: GET /orders), orders:read"},
		},
		"it is open to all": {
			v1alpha1.AccessHTTP, "what strangers must not see is open to all", inTheApp, v1alpha1.ReasonAccessNotDenied, "Authorized",
			[]string{"without any token", "strangers (nobody: GET /orders?limit=1)"},
		},
		"the role may do too much": {
			v1alpha1.AccessHTTP, "a viewer may see users", inTheApp, v1alpha1.ReasonAccessNotDenied, "Authorized",
			[]string{"lets through", "users (viewer: GET /users)"},
		},
		"the role lacks a privilege of the database": {
			v1alpha1.AccessPostgREST, "the role lacks the privilege", inTheApp, v1alpha1.ReasonRoleForbidden, "Authorized",
			[]string{"lacks the privilege on the table", "own-orders (alice, role authenticated: SELECT on orders where tenant = acme)"},
		},
		"row-level security hides rows": {
			v1alpha1.AccessPostgREST, "policies hide what is expected", inTheApp, v1alpha1.ReasonRowLevelSecurityDenied, "Authorized",
			[]string{"may read the table, and none of the rows shows", "role authenticated", "which role and which claims"},
		},
		"rows of another tenant show": {
			v1alpha1.AccessPostgREST, "rows of others show", inTheApp, v1alpha1.ReasonAccessNotDenied, "Authorized",
			[]string{"Rows show that are expected to be hidden", "orders-of-others (alice, role authenticated", "does not tell which"},
		},
		"a migration has not run": {
			v1alpha1.AccessPostgREST, "a table that is not in the schema cache", inTheApp, v1alpha1.ReasonTableNotFound, "Provisioned",
			[]string{"billing.bills"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := playAccess(t, c.provider, c.plays)
			create(t, o.tokens, o.access)
			healthy := waitForReason(t, o.access, c.reason)
			for _, text := range c.says {
				if !strings.Contains(healthy.Message, text) {
					t.Errorf("expected %q in the message %q", text, healthy.Message)
				}
			}
			for _, kind := range []string{c.stage, "Healthy", "Ready"} {
				if got := condition(o.access, kind); got.Status != metav1.ConditionFalse || got.Reason != c.reason {
					t.Errorf("condition %s: expected False with reason %s, found %+v", kind, c.reason, got)
				}
			}
			waitForEvent(t, o.access, c.reason)
			metric := `mainstay_dependency_verdict{blame="Owner",healthy="False",kind="AccessCheck",name="roles",namespace="` +
				o.access.Namespace + `",provider="` + string(c.provider) + `",ready="False",reason="` + c.reason + `",secret="tokens"} 1`
			if got := scrape(t); !strings.Contains(got, metric) {
				t.Errorf("expected the metric %s", metric)
			}
			leadsTo(t, o.access, c.typed, c.reason)
			if c.stage == "Provisioned" {
				return // Nobody has that table in good health either.
			}
			o.vendor.Play(providertest.Healthy)
			probeNow(t, o.access, "mended")
			waitForReason(t, o.access, v1alpha1.ReasonPassed)
		})
	}
}

// TestOneTokenOfSeveralIsReplacedAlone follows the fix for a token that is rejected: nobody has to find out the others
// to put in a new one.
func TestOneTokenOfSeveralIsReplacedAlone(t *testing.T) {
	t.Parallel()
	o := playAccess(t, v1alpha1.AccessHTTP, providertest.Healthy)
	good := o.tokens.StringData["viewer"]
	o.tokens.StringData["viewer"] += "-mistyped"
	o.vendor.PlayFor(o.tokens.StringData["viewer"], providertest.Unauthorized)
	create(t, o.tokens, o.access)
	waitForReason(t, o.access, v1alpha1.ReasonInvalidAPIKey)
	s := newShell(t)
	a := s.why(o.access.Namespace, "401")
	if len(a.Causes) == 0 || len(a.Causes[0].Fix) == 0 || strings.Contains(strings.ToLower(a.Causes[0].Fix[0]), "manager") {
		t.Fatalf("expected a fix that asks for the token of the viewer alone, found %+v", a.Causes)
	}
	s.follow(a, good+"\n", o.access)
}

func TestARateLimitIsNoVerdictOnAnAccess(t *testing.T) {
	t.Parallel()
	o := playAccess(t, v1alpha1.AccessHTTP, providertest.RateLimited)
	create(t, o.tokens, o.access)
	waitForReason(t, o.access, v1alpha1.ReasonRateLimited)
	if c := condition(o.access, "Ready"); c.Status != metav1.ConditionTrue || c.Reason != v1alpha1.ReasonUnproven {
		t.Errorf("expected Ready True Unproven, since nothing was allowed or denied; found %+v", c)
	}
	leadsTo(t, o.access, "429 rate_limited", v1alpha1.ReasonRateLimited)
}

func TestNobodyNeedsNoSecret(t *testing.T) {
	t.Parallel()
	o := playAccess(t, v1alpha1.AccessHTTP, "what is public is open to nobody")
	o.access.Spec.SecretRef = nil
	create(t, o.access)
	waitForReason(t, o.access, v1alpha1.ReasonPassed)
	if c := condition(o.access, "Authenticated"); c.Status != metav1.ConditionTrue || c.Reason != v1alpha1.ReasonNotApplicable {
		t.Errorf("expected that there is nothing to authenticate, found %+v", c)
	}
	for _, r := range o.vendor.Requests() {
		if r.Identity != providertest.Nobody || r.Problem != "" {
			t.Errorf("expected requests without a token, found one of %q: %s", r.Identity, r.Problem)
		}
	}
}

func TestTokensOfIdentitiesAreHeldBackWhereTheyMayNotGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		provider v1alpha1.AccessProvider
		spoil    func(*v1alpha1.AccessCheckSpec, *corev1.Secret)
		reason   string
		says     string
		asked    bool
	}{
		"no consent": {
			v1alpha1.AccessHTTP, func(_ *v1alpha1.AccessCheckSpec, s *corev1.Secret) { s.Annotations = nil },
			v1alpha1.ReasonConsentMissing, v1alpha1.AllowedHostsAnnotation, false,
		},
		"no token under the key": {
			v1alpha1.AccessHTTP, func(_ *v1alpha1.AccessCheckSpec, s *corev1.Secret) { delete(s.StringData, "viewer") },
			v1alpha1.ReasonSecretKeyMissing, "viewer", false,
		},
		"a token with a line break": {
			v1alpha1.AccessHTTP, func(_ *v1alpha1.AccessCheckSpec, s *corev1.Secret) { s.StringData["viewer"] += "\n" },
			v1alpha1.ReasonCredentialHasLineBreak, "viewer", false,
		},
		"no key of a gateway, although the spec names one": {
			v1alpha1.AccessPostgREST, func(s *v1alpha1.AccessCheckSpec, _ *corev1.Secret) { s.SecretRef.Key = "publishable" },
			v1alpha1.ReasonSecretKeyMissing, "publishable", false,
		},
		"the key of service_role": {
			v1alpha1.AccessPostgREST, func(s *v1alpha1.AccessCheckSpec, _ *corev1.Secret) { s.Expectations[0].PostgREST.TokenKey = "admin" },
			v1alpha1.ReasonOverprivilegedCredential, "passes row-level security by, so nothing was asked with it: admin", true,
		},
		"a secret key for the gateway": {
			v1alpha1.AccessPostgREST, func(_ *v1alpha1.AccessCheckSpec, s *corev1.Secret) { s.StringData["apiKey"] = "sb_secret_" + canary },
			v1alpha1.ReasonOverprivilegedCredential, "apiKey", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := playAccess(t, c.provider, providertest.Healthy)
			c.spoil(&o.access.Spec, o.tokens)
			create(t, o.tokens, o.access)
			healthy := waitForReason(t, o.access, c.reason)
			if !strings.Contains(healthy.Message, c.says) {
				t.Errorf("expected %q in the message %q", c.says, healthy.Message)
			}
			if asked := len(o.vendor.Requests()) > 0; asked != c.asked {
				t.Errorf("expected requests: %v, found %v", c.asked, asked)
			}
			for _, r := range o.vendor.Requests() {
				if r.Identity == "admin" {
					t.Errorf("the key of service_role was sent with %s %s", r.Method, r.Path)
				}
			}
		})
	}
}

func TestSpecsOfAccessOverHTTPThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	http := func(spoil func(*v1alpha1.HTTPAccess)) func(*v1alpha1.AccessCheckSpec) {
		return func(s *v1alpha1.AccessCheckSpec) { spoil(s.Expectations[0].HTTP) }
	}
	for name, c := range map[string]struct {
		provider v1alpha1.AccessProvider
		spoil    func(*v1alpha1.AccessCheckSpec)
		want     string
	}{
		"no endpoint": {v1alpha1.AccessHTTP, func(s *v1alpha1.AccessCheckSpec) { s.Endpoint = "" }, "spec.endpoint is required for provider HTTP"},
		"no Secret":   {v1alpha1.AccessHTTP, func(s *v1alpha1.AccessCheckSpec) { s.SecretRef = nil }, "spec.secretRef is required"},
		"a key for all": {
			v1alpha1.AccessHTTP, func(s *v1alpha1.AccessCheckSpec) { s.SecretRef.Key = "manager" }, "spec.secretRef.key does not apply to provider HTTP",
		},
		"an expectation of nothing": {
			v1alpha1.AccessHTTP, func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].HTTP = nil }, "each of spec.expectations needs http",
		},
		"an expectation of a database": {
			v1alpha1.AccessHTTP, func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Postgres = orders("acme") },
			"postgres of spec.expectations applies to provider Postgres alone, found provider HTTP",
		},
		"a database": {
			v1alpha1.AccessHTTP, func(s *v1alpha1.AccessCheckSpec) { s.Postgres = &v1alpha1.PostgresServer{} }, "spec.postgres applies to provider Postgres alone",
		},
		"neither a token nor nobody": {
			v1alpha1.AccessHTTP, http(func(a *v1alpha1.HTTPAccess) { a.TokenKey = "" }), "tokenKey is required",
		},
		"nobody with a token": {
			v1alpha1.AccessHTTP, http(func(a *v1alpha1.HTTPAccess) { a.Identity = v1alpha1.AccessNobody }), "tokenKey does not apply to identity Nobody",
		},
		"a method that writes": {v1alpha1.AccessHTTP, http(func(a *v1alpha1.HTTPAccess) { a.Method = "DELETE" }), "supported values"},
		"a path that is none":  {v1alpha1.AccessHTTP, http(func(a *v1alpha1.HTTPAccess) { a.Path = "orders" }), "spec.expectations[0].http.path"},
		"no table": {
			v1alpha1.AccessPostgREST, func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].PostgREST.Table = "" }, "spec.expectations[0].postgREST.table",
		},
		"a verb that writes": {
			v1alpha1.AccessPostgREST, func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].PostgREST.Verb = "Insert" }, "supported values",
		},
		"a request in place of a table": {
			v1alpha1.AccessPostgREST, func(s *v1alpha1.AccessCheckSpec) {
				s.Expectations[0].HTTP = &v1alpha1.HTTPAccess{TokenKey: "alice", Path: "/orders"}
			},
			"http of spec.expectations applies to provider HTTP alone, found provider PostgREST",
		},
		"another provider's expectations": {
			v1alpha1.AccessPostgREST, func(s *v1alpha1.AccessCheckSpec) { s.Provider = v1alpha1.AccessHTTP }, "each of spec.expectations needs http",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := playAccess(t, c.provider, providertest.Healthy)
			c.spoil(&o.access.Spec)
			err := world.admin.Create(t.Context(), o.access)
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
}
