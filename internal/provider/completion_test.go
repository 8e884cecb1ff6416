// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

// TestNothingIsPostedUnlessTheSpecOptedIn walks every case as a probe that is not to do what costs something.
func TestNothingIsPostedUnlessTheSpecOptedIn(t *testing.T) {
	forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
		vendor := play(t, f)
		client := newClient()
		defer client.Renew()
		for name := range f.Cases {
			target := vendor.target(name)
			target.OptInDue = false
			vendor.Forget()
			report := Probe(t.Context(), client, target)
			if report.OptIn != 0 {
				t.Errorf("%s: the probe says that it did what costs something", name)
			}
			for _, r := range vendor.Requests() {
				if r.Method != "GET" {
					t.Errorf("%s: the probe sent %s %s", name, r.Method, r.Path)
				}
			}
		}
	})
}
