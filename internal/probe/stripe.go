// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

// StripeWants is what a StripeAccount asks for.
type StripeWants struct {
	// Live says that the app moves real money.
	Live bool
	// Account is the connected account that the app acts for; empty for the key's own.
	Account string
	// Charges and Payouts must be on, and Capabilities active.
	Charges, Payouts bool
	Capabilities     []string
	// Permissions are those that a restricted key must have, by the vendor's names.
	Permissions []string
}

// Names implements Wants.
func (w StripeWants) Names() []string { return w.Capabilities }

// Scope implements Wants: permissions belong to requests, not to capabilities.
func (w StripeWants) Scope(string) []string { return nil }

// Empty implements Wants: an account can be restricted whatever the spec needs of it.
func (w StripeWants) Empty() bool { return false }

// NeedsAccount says whether the spec needs anything that only the account itself shows.
func (w StripeWants) NeedsAccount() bool { return w.Charges || w.Payouts || len(w.Capabilities) > 0 }
