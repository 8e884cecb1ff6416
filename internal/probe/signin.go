// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

// AuthWants is what an AuthProvider asks for.
type AuthWants struct {
	// Issuer is the name that an issuer of OpenID Connect must give itself, to the letter; empty for others.
	Issuer string
	// Client asks for a token as the app itself does; zero for none.
	Client ClientWants
	// Methods are those by which users sign in, by the provider's names, and SignUps says that they can sign up.
	Methods []string
	SignUps bool
}

// ClientWants is what a client of OAuth 2.0 asks for with its own credentials.
type ClientWants struct {
	// Asked says that a token is to be asked for.
	Asked bool
	// Scopes it must have, for Audience; empty for what the issuer grants on its own account.
	Scopes   []string
	Audience string
}

// Names implements Wants.
func (w AuthWants) Names() []string {
	if w.Issuer != "" {
		return []string{w.Issuer}
	}
	return w.Methods
}

// Scope implements Wants: a token is asked for with all of them.
func (w AuthWants) Scope(string) []string { return w.Client.Scopes }

// Empty implements Wants: keys can be unusable, and sign-in off, whatever the spec names.
func (w AuthWants) Empty() bool { return false }
