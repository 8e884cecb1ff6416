// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"testing"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// TestAClientIDMayHoldBlanks holds what RFC 6749, appendix A.1, lets a client ID be: any printable characters. At its
// ends they come from copying.
func TestAClientIDMayHoldBlanks(t *testing.T) {
	for id, want := range map[string]probe.Finding{
		"shop-backend":   probe.Pass(),
		"shop backend":   probe.Pass(),
		"shop ":          probe.Fail(probe.CredentialHasWhitespace, "clientID"),
		" shop":          probe.Fail(probe.CredentialHasWhitespace, "clientID"),
		"shop\tbackend":  probe.Fail(probe.CredentialHasWhitespace, "clientID"),
		"shop backend\n": probe.Fail(probe.CredentialHasLineBreak, "clientID"),
		"shop\nbackend":  probe.Fail(probe.CredentialHasLineBreak, "clientID"),
		" ":              probe.Fail(probe.SecretKeyEmpty, "clientID"),
		"shöp":           probe.Fail(probe.CredentialMalformed, "clientID"),
	} {
		t.Run(id, func(t *testing.T) {
			object := &v1alpha1.AuthProvider{Spec: v1alpha1.AuthProviderSpec{Provider: "OIDC"}}
			object.Spec.Endpoint, object.Spec.SecretRef = "https://login.example.com", &v1alpha1.SecretKeyRef{Name: "login"}
			secret := &Referent{Consented: true, Data: map[string][]byte{"clientID": []byte(id), "clientSecret": []byte("s3cret")}}
			_, found := Options{}.Build(Inputs{Kind: kindOf(t, "AuthProvider"), Object: object, Secret: secret})
			if !found.Equal(want) {
				t.Errorf("expected %+v, found %+v", want, found)
			}
		})
	}
}
