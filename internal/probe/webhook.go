// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

// WebhookWants is what a WebhookEndpoint asks for.
type WebhookWants struct {
	// URL is where the app receives, and Events what must be sent there.
	URL    string
	Events []string
	// Live says that real money is at stake.
	Live bool
	// Account is whose endpoint it is: a connected account, or the sender's application, project or tenant.
	Account string
	// FromAccounts says that events of connected accounts are wanted, rather than those of the account itself.
	FromAccounts bool
	// Ping is to be sent to the URL; zero for none.
	Ping TestPing
}

// TestPing is a signed event that means nothing.
type TestPing struct {
	Signature SignatureScheme
	// Forged has another one sent whose signature is wrong.
	Forged bool
}

// Names implements Wants.
func (w WebhookWants) Names() []string { return []string{w.URL} }

// Scope implements Wants: no endpoint is said to need one.
func (w WebhookWants) Scope(string) []string { return nil }

// Empty implements Wants.
func (w WebhookWants) Empty() bool { return w.URL == "" }
