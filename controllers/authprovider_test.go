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

// startVendor plays a vendor for one test alone: an issuer is asked without a credential by which it could tell
// tests apart.
func startVendor(t *testing.T, provider string) (vendor *providertest.Vendor, fixture providertest.Fixture, url string) {
	t.Helper()
	fixture, err := providertest.Find("AuthProvider", provider)
	if err != nil {
		t.Fatal(err)
	}
	vendor = providertest.NewVendor(fixture)
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	return vendor, fixture, server.URL
}

// consenting is a Secret whose owner lets it be sent to the host of a URL.
func consenting(namespace, url string, values map[string]string) *corev1.Secret {
	s := secret(namespace, "")
	s.StringData = values
	s.Annotations = map[string]string{v1alpha1.AllowedHostsAnnotation: strings.TrimPrefix(url, "http://")}
	return s
}

// login is where customers of a shop sign in, and where its server asks for tokens.
func login(t *testing.T) (auth *v1alpha1.AuthProvider, issuer *providertest.Vendor) {
	t.Helper()
	namespace := newNamespace(t)
	issuer, fixture, url := startVendor(t, "OIDC")
	auth = &v1alpha1.AuthProvider{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "login"}}
	auth.Spec.Endpoint = url + fixture.BasePath
	auth.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	auth.Spec.OIDC = &v1alpha1.OIDCSpec{ClientCredentials: &v1alpha1.ClientCredentialsSpec{Scopes: []string{"orders:read"}}}
	auth.Spec.PeriodSeconds, auth.Spec.FailureThreshold = 86400, 1
	create(t, consenting(namespace, url, map[string]string{"clientID": fixture.Credential.ClientID, "clientSecret": key(t)}))
	return auth, issuer
}

func TestALoginThatDoesNotWorkIsToldByItsCause(t *testing.T) {
	t.Parallel()
	const right, wrong = metav1.ConditionTrue, metav1.ConditionFalse
	for name, c := range map[string]struct {
		plays, reason, stage string
		ready                metav1.ConditionStatus
		says                 []string
	}{
		"invalid_client":                 {providertest.Unauthorized, v1alpha1.ReasonInvalidClient, "Authenticated", wrong, []string{"Secret credential (keys clientID and clientSecret)"}},
		"unauthorized_client":            {"a client that may not use the grant", v1alpha1.ReasonUnauthorizedClient, "Authorized", wrong, []string{"client-credentials grant"}},
		"invalid_scope":                  {"a scope that the client may not have", v1alpha1.ReasonInsufficientScope, "Authorized", wrong, []string{"orders:read"}},
		"unsupported_grant_type":         {"the grant is not offered", v1alpha1.ReasonGrantNotOffered, "Provisioned", wrong, []string{"spec.oidc.clientCredentials of AuthProvider login"}},
		"no token at all":                {"no token, and nobody says why", v1alpha1.ReasonTokenRefused, "", right, []string{"audience"}},
		"tokens of another issuer":       {"the issuer has a slash too many", v1alpha1.ReasonWrongIssuer, "Provisioned", wrong, []string{"/realms/shop, https://login.example.com/realms/shop/"}},
		"no keys to check tokens with":   {"there is no key", v1alpha1.ReasonNoSigningKey, "Provisioned", wrong, []string{"signing key"}},
		"keys that cannot be read":       {"the keys are not there", v1alpha1.ReasonSigningKeysNotReadable, "Provisioned", right, []string{"jwks_uri"}},
		"a key that all the world knows": {"a private key among the public ones", v1alpha1.ReasonPrivateKeyPublished, "Provisioned", wrong, []string{"2025-ec", "sign in as anyone"}},
		"an issuer behind a password":    {"a discovery document that asks for a login", v1alpha1.ReasonDiscoveryNotPublic, "Reachable", wrong, []string{"Apps read it without a credential.", "/.well-known/openid-configuration"}},
		"an issuer that is not there":    {"no discovery document", v1alpha1.ReasonPathNotFound, "Reachable", wrong, []string{"realm"}},
		"tokens are had somewhere else":  {"the token endpoint is at another host", v1alpha1.ReasonConsentMissing, "Configured", wrong, []string{"tokens.example.net:443", v1alpha1.AllowedHostsAnnotation}},
		"an issuer without keys named":   {"no key set is named", v1alpha1.ReasonDiscoveryInvalid, "Provisioned", wrong, []string{"jwks_uri"}},
	} {
		t.Run(name, func(t *testing.T) {
			auth, issuer := login(t)
			issuer.Play(c.plays)
			create(t, auth)
			healthy := waitForReason(t, auth, c.reason)
			for _, text := range c.says {
				if !strings.Contains(healthy.Message, text) {
					t.Errorf("expected %q in the message %q", text, healthy.Message)
				}
			}
			if c.stage != "" {
				if got := condition(auth, c.stage); got.Status != metav1.ConditionFalse || got.Reason != c.reason {
					t.Errorf("condition %s: expected False with reason %s, found %+v", c.stage, c.reason, got)
				}
			}
			if got := condition(auth, "Ready"); got.Status != c.ready {
				t.Errorf("expected Ready %s, found %+v", c.ready, got)
			}
			waitForEvent(t, auth, c.reason)
			metric := `healthy="False",kind="AuthProvider",name="login",namespace="` + auth.Namespace +
				`",provider="OIDC",ready="` + string(c.ready) + `",reason="` + c.reason + `",secret="credential"} 1`
			if got := scrape(t); !strings.Contains(got, metric) {
				t.Errorf("expected the metric %s, found:\n%s", metric, about(got, auth.Namespace))
			}
			leadsTo(t, auth, "login does not work", c.reason)

			issuer.Play(providertest.Healthy)
			probeNow(t, auth, "mended")
			waitForReason(t, auth, v1alpha1.ReasonPassed)
			for _, problem := range issuer.Problems() {
				t.Error(problem)
			}
		})
	}
}

func TestTheSignInOfSupabaseIsToldByItsCause(t *testing.T) {
	t.Parallel()
	for plays, c := range map[string]struct {
		reason string
		says   []string
	}{
		providertest.Unauthorized:      {v1alpha1.ReasonInvalidAPIKey, []string{"publishable key in Secret credential (key apiKey)"}},
		"keys of the old kind are off": {v1alpha1.ReasonInvalidAPIKey, []string{"Put the publishable key"}},
		"the project is paused":        {v1alpha1.ReasonProjectPaused, []string{"Resume it"}},
		"methods are off":              {v1alpha1.ReasonSignInMethodDisabled, []string{"phone"}},
		"nobody can sign up":           {v1alpha1.ReasonSignUpsDisabled, []string{"spec.supabase.signUps"}},
	} {
		t.Run(plays, func(t *testing.T) {
			auth, project := customers(t)
			if c.reason == v1alpha1.ReasonSignInMethodDisabled {
				auth.Spec.Supabase.SignInMethods = append(auth.Spec.Supabase.SignInMethods, "phone")
			}
			project.Play(plays)
			create(t, auth)
			healthy := waitForReason(t, auth, c.reason)
			for _, text := range c.says {
				if !strings.Contains(healthy.Message, text) {
					t.Errorf("expected %q in the message %q", text, healthy.Message)
				}
			}
			waitForEvent(t, auth, c.reason)
			if got := condition(auth, "Ready"); got.Status != metav1.ConditionFalse {
				t.Errorf("expected Ready False, found %+v", got)
			}
		})
	}
}

// customers sign in to a shop by email.
func customers(t *testing.T) (auth *v1alpha1.AuthProvider, project *providertest.Vendor) {
	t.Helper()
	namespace := newNamespace(t)
	project, _, url := startVendor(t, "Supabase")
	auth = &v1alpha1.AuthProvider{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "customers"}}
	auth.Spec.Provider, auth.Spec.Endpoint = v1alpha1.AuthSupabase, url
	auth.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	auth.Spec.Supabase = &v1alpha1.SupabaseAuthSpec{SignInMethods: []string{"email"}, SignUps: v1alpha1.SignUpsRequired}
	auth.Spec.PeriodSeconds = 86400
	create(t, consenting(namespace, url, map[string]string{"apiKey": "sb_publishable_" + key(t)}))
	return auth, project
}

func TestConfirmationEmailsThatNobodyIsKnownToSendAreToldOf(t *testing.T) {
	t.Parallel()
	auth, project := customers(t)
	project.Play("sign-ups wait for an email")
	create(t, auth)
	waitForReason(t, auth, v1alpha1.ReasonPassed)
	waitForEvent(t, auth, v1alpha1.ReasonConfirmationEmailsNotShown)
	if got := condition(auth, "Ready"); got.Status != metav1.ConditionTrue {
		t.Errorf("expected it to stay ready, found %+v", got)
	}
}

// TestSignUpsThatWaitForAnEmailNobodySends has an app require sign-in and email: new users wait for an email, and the
// provider of emails is none.
func TestSignUpsThatWaitForAnEmailNobodySends(t *testing.T) {
	t.Parallel()
	auth, project := customers(t)
	project.Play("sign-ups wait for an email")
	email := &v1alpha1.EmailProvider{ObjectMeta: metav1.ObjectMeta{Namespace: auth.Namespace, Name: "transactional"}}
	app := set(auth.Namespace, v1alpha1.Requirement{Kind: "AuthProvider"}, v1alpha1.Requirement{Kind: "EmailProvider"})
	create(t, auth, email, app)
	waitForReason(t, auth, v1alpha1.ReasonPassed)
	healthy := waitForReason(t, app, v1alpha1.ReasonNoEmailProvider)
	if healthy.Status != metav1.ConditionFalse {
		t.Errorf("expected the app not to work, found %+v", healthy)
	}
	waitForEvent(t, auth, v1alpha1.ReasonConfirmationEmailsNotShown)
}

func TestASecretKeyOfSupabaseIsNotSentToSignIn(t *testing.T) {
	t.Parallel()
	// Its payload is {"role":"service_role"}.
	for name, value := range map[string]string{"of the new kind": "sb_secret_" + key(t), "of the old kind": "e30.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.e30"} {
		t.Run(name, func(t *testing.T) {
			auth, project := customers(t)
			s := secret(auth.Namespace, value)
			update(t, s, func() { s.StringData = map[string]string{"apiKey": value} })
			create(t, auth)
			waitForReason(t, auth, v1alpha1.ReasonWrongKeyKind)
			if len(project.Requests()) > 0 {
				t.Error("the key was sent")
			}
		})
	}
}

func TestAuthSpecsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.AuthProviderSpec)
		want  string
	}{
		"no endpoint":                      {func(s *v1alpha1.AuthProviderSpec) { s.Endpoint = "" }, "spec.endpoint is required"},
		"a client without a Secret":        {func(s *v1alpha1.AuthProviderSpec) { s.SecretRef = nil }, "needs spec.secretRef"},
		"a Secret without a client":        {func(s *v1alpha1.AuthProviderSpec) { s.OIDC = nil }, "spec.secretRef is for spec.oidc.clientCredentials"},
		"a key of the Secret":              {func(s *v1alpha1.AuthProviderSpec) { s.SecretRef.Key = "secret" }, "spec.secretRef.key does not apply"},
		"methods of Supabase at an issuer": {func(s *v1alpha1.AuthProviderSpec) { s.Supabase = &v1alpha1.SupabaseAuthSpec{} }, "spec.supabase applies to provider Supabase alone"},
		"a client at Supabase":             {func(s *v1alpha1.AuthProviderSpec) { s.Provider = v1alpha1.AuthSupabase }, "spec.oidc applies to provider OIDC alone"},
		"a scope that is none":             {func(s *v1alpha1.AuthProviderSpec) { s.OIDC.ClientCredentials.Scopes = []string{"a b"} }, "spec.oidc.clientCredentials.scopes[0]"},
		"Supabase without a Secret": {func(s *v1alpha1.AuthProviderSpec) {
			s.Provider, s.OIDC, s.SecretRef = v1alpha1.AuthSupabase, nil, nil
		}, "spec.secretRef is required for provider Supabase"},
	} {
		t.Run(name, func(t *testing.T) {
			auth, _ := login(t)
			c.spoil(&auth.Spec)
			err := world.admin.Create(t.Context(), auth)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
}
