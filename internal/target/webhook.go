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
	switch {
	case spec.Stripe != nil:
		wants.Live, wants.Account = spec.Stripe.Mode == v1alpha1.StripeLive, spec.Stripe.Account
		wants.FromAccounts = spec.Stripe.EventsFrom == v1alpha1.EventsFromConnectedAccounts
	case spec.Svix != nil:
		wants.Account = spec.Svix.Application
	case spec.Convoy != nil:
		wants.Account = spec.Convoy.Project
	case spec.Outpost != nil:
		wants.Account = spec.Outpost.Tenant
	}
	return wants
}

// webhookPlace is where the receiving end is, where that is probed, or the region of a sender that has several.
func webhookPlace(d Dependency) string {
	spec := d.(*v1alpha1.WebhookEndpoint).Spec
	if spec.Convoy != nil {
		return string(spec.Convoy.Region)
	}
	return receiverPlace(spec)
}
