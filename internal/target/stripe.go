// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

func stripeWants(d Dependency) probe.Wants {
	spec := d.(*v1alpha1.StripeAccount).Spec
	permissions := make([]string, len(spec.Requires.Permissions))
	for i, name := range spec.Requires.Permissions {
		permissions[i] = string(name)
	}
	return probe.StripeWants{
		Live: spec.Mode == v1alpha1.StripeLive, Account: spec.Account,
		Charges: spec.Requires.Charges == v1alpha1.StripeRequired, Payouts: spec.Requires.Payouts == v1alpha1.StripeRequired,
		Capabilities: spec.Requires.Capabilities, Permissions: permissions,
	}
}
