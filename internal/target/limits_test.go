// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"encoding/pem"
	"net/http/httptest"
	"strings"
	"testing"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

const kib = 1 << 10

// TestWhatIsHeldOfASecretIsBounded has values that are longer than any credential, wherever one is read.
func TestWhatIsHeldOfASecretIsBounded(t *testing.T) {
	long, fits := []byte(strings.Repeat("x", 16*kib+1)), []byte(strings.Repeat("Ab3dEf6h", 2*kib))
	database := &v1alpha1.AccessCheck{Spec: v1alpha1.AccessCheckSpec{Provider: "Postgres"}}
	uri := database.DeepCopy()
	tokens := &v1alpha1.AccessCheck{Spec: v1alpha1.AccessCheckSpec{
		Provider: "HTTP", DependencySpec: v1alpha1.DependencySpec{Endpoint: "https://app.example.com"},
		Expectations: []v1alpha1.AccessExpectation{{Name: "x", HTTP: &v1alpha1.HTTPAccess{TokenKey: "viewer", Path: "/"}}},
	}}
	for name, c := range map[string]struct {
		kind   string
		object Dependency
		key    string
		data   map[string][]byte
		want   string
	}{
		"an API key": {"AIProvider", &v1alpha1.AIProvider{Spec: v1alpha1.AIProviderSpec{Provider: "OpenAI"}}, "",
			map[string][]byte{"apiKey": long}, "apiKey"},
		"an API key that fits": {"AIProvider", &v1alpha1.AIProvider{Spec: v1alpha1.AIProviderSpec{Provider: "OpenAI"}}, "",
			map[string][]byte{"apiKey": fits}, ""},
		"a token":    {"AccessCheck", tokens, "", map[string][]byte{"viewer": long}, "viewer"},
		"a login":    {"AccessCheck", database, "", map[string][]byte{"username": []byte("app"), "password": long}, "password"},
		"an address": {"AccessCheck", uri, "uri", map[string][]byte{"uri": append([]byte("postgres://a:b@db.shop.svc/"), long...)}, "uri"},
	} {
		t.Run(name, func(t *testing.T) {
			c.object.SharedSpec().SecretRef = &v1alpha1.SecretKeyRef{Name: "credential", Key: c.key}
			secret := &Referent{Data: c.data, AllowedHosts: "app.example.com"}
			_, finding := Options{}.Build(Inputs{Kind: kindOf(t, c.kind), Object: c.object, Secret: secret})
			want := probe.Pass()
			if c.want != "" {
				want = probe.Fail(probe.CredentialTooLong, c.want)
			}
			if finding.Symptom != want.Symptom || strings.Join(finding.Args, "") != c.want {
				t.Errorf("expected %s %s, found %+v", want.Symptom, c.want, finding)
			}
		})
	}
}

func TestWhatIsHeldOfAnAuthorityIsBounded(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for size, want := range map[int]probe.Symptom{256 * kib: {}, 256*kib + 1: probe.CATooLarge} {
		ai := &v1alpha1.AIProvider{Spec: v1alpha1.AIProviderSpec{Provider: "OpenAI"}}
		ai.Spec.CARef = &v1alpha1.CARef{Kind: "ConfigMap", Name: "ca", Key: "ca.crt"}
		bundle := append(ca, strings.Repeat("#", size-len(ca))...)
		_, finding := Options{}.Build(Inputs{Kind: kindOf(t, "AIProvider"), Object: ai, CA: &Referent{Data: map[string][]byte{"ca.crt": bundle}}})
		if finding.Symptom != want {
			t.Errorf("%d bytes: expected %q, found %q", size, want, finding.Symptom)
		}
	}
}
