// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

func webhookWants(d Dependency) probe.Wants {
	spec := d.(*v1alpha1.WebhookEndpoint).Spec
	wants := probe.WebhookWants{URL: spec.URL, Events: spec.Events, Ping: testPing(spec)}
	if s := spec.Stripe; s != nil {
		wants.Live, wants.Account = s.Mode == v1alpha1.StripeLive, s.Account
		wants.FromAccounts = s.EventsFrom == v1alpha1.EventsFromConnectedAccounts
	}
	return wants
}

// webhookPlace is where the receiving end is, where that is probed.
func webhookPlace(d Dependency) string { return receiverPlace(d.(*v1alpha1.WebhookEndpoint).Spec) }
