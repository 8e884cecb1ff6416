// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"testing"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// TestASecretThatCouldBeGuessedSignsWithConsentAlone has signing secrets that begin as those do that machines make.
func TestASecretThatCouldBeGuessedSignsWithConsentAlone(t *testing.T) {
	for name, c := range map[string]struct {
		secret, allowed string
		want            probe.Symptom
	}{
		"one of Stripe":                        {secret: "whsec_Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"},
		"the shortest of Standard Webhooks":    {secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"},
		"one of 24 characters":                 {secret: "whsec_Ab3dEf6hIj9kLm2nOp5qRs8t"},
		"one of 23":                            {secret: "whsec_Ab3dEf6hIj9kLm2nOp5qRs8", want: probe.SigningNotConsented},
		"one that somebody thought up":         {secret: "whsec_summer2026", want: probe.SigningNotConsented},
		"one that nobody has changed":          {secret: "whsec_changeme", want: probe.PlaceholderCredential},
		"one that somebody thought up, let go": {secret: "whsec_summer2026", allowed: "app.example.com"},
		"nothing after the prefix":             {secret: "whsec_", want: probe.SigningNotConsented},
		"another one that is long":             {secret: "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z", want: probe.SigningNotConsented},
	} {
		t.Run(name, func(t *testing.T) {
			hook := &v1alpha1.WebhookEndpoint{Spec: v1alpha1.WebhookEndpointSpec{
				Provider: "Receiver", URL: "https://app.example.com/webhooks",
				TestPing: &v1alpha1.TestPing{Signature: "HMACSHA256", PeriodSeconds: 3600},
			}}
			hook.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "webhooks"}
			_, finding := Options{}.Build(Inputs{Kind: kindOf(t, "WebhookEndpoint"), Object: hook, Secret: &Referent{
				Data: map[string][]byte{"apiKey": []byte(c.secret)}, AllowedHosts: c.allowed,
			}})
			if finding.Symptom != c.want {
				t.Errorf("expected %q, found %q", c.want, finding.Symptom)
			}
		})
	}
}
