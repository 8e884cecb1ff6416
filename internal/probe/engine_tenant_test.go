// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

// These are stories of a tenant who may create dependencies in one namespace, and of what that does to others.

// TestWhoAsksWithoutACredentialSlowsNobodyElse has one namespace ask for very much at a host that another asks
// too, both without a credential.
func TestWhoAsksWithoutACredentialSlowsNobodyElse(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		evil := dependency{namespace: "evil", name: "many", host: "login.one.com/evil", period: 10 * second}
		for i := range 32 {
			evil.models = append(evil.models, fmt.Sprint("path", i))
		}
		honest := dependency{namespace: "shop", name: "signin", host: "login.one.com/shop"}
		w.have(evil, honest)
		w.at(10*time.Minute + second)
		var want []time.Duration
		for minute := range 11 {
			want = append(want, time.Duration(minute)*time.Minute)
		}
		if diff := cmp.Diff(want, v.times("/shop")); diff != "" {
			t.Errorf("expected a probe each minute (-want +found):\n%s", diff)
		}
		if got := w.verdict(honest.id()).EffectivePeriod; got != 0 {
			t.Errorf("expected the period asked for, found %s", got)
		}
		if n := len(v.requests("/evil")); n > 6+33+60 {
			t.Errorf("expected 6 requests a minute of who asks too much, found %d in ten minutes", n)
		}
	})
}

// TestWhatIsAskedWithoutACredentialIsSharedWithinANamespace has two namespaces with objects that ask for the same.
func TestWhatIsAskedWithoutACredentialIsSharedWithinANamespace(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		for i := range 20 {
			w.have(
				dependency{namespace: "shop", name: fmt.Sprint(i), host: "login.one.com"},
				dependency{namespace: "blog", name: fmt.Sprint(i), host: "login.one.com"},
			)
		}
		w.at(10 * second)
		before := len(v.requests(""))
		w.at(10*time.Minute + 10*second)
		if n := len(v.requests("")) - before; n != 20 {
			t.Errorf("expected one request a minute for each namespace, found %d in ten minutes", n)
		}
	})
}
