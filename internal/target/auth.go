// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"time"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

func authWants(d Dependency) probe.Wants {
	spec := d.(*v1alpha1.AuthProvider).Spec
	var wants probe.AuthWants
	if spec.Provider == v1alpha1.AuthOIDC {
		wants.Issuer = spec.Endpoint
	}
	if c := spec.ClientCredentials(); c != nil {
		wants.Client = probe.ClientWants{Asked: true, Scopes: c.Scopes, Audience: c.Audience}
	}
	if s := spec.Supabase; s != nil {
		wants.Methods, wants.SignUps = s.SignInMethods, s.SignUps == v1alpha1.SignUpsRequired
	}
	return wants
}

func authOptIn(d Dependency) time.Duration {
	spec := d.(*v1alpha1.AuthProvider).Spec
	if c := spec.ClientCredentials(); c != nil {
		return time.Duration(c.PeriodSeconds) * time.Second
	}
	return 0
}

// adjustAuth has an issuer that the administrator put in place of the spec's call itself by that URL.
func adjustAuth(_ Dependency, t *probe.Target) {
	if wants, ok := t.Wants.(probe.AuthWants); ok && wants.Issuer != "" && !t.OwnHost {
		wants.Issuer = t.BaseURL
		t.Wants = wants
	}
}
