// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "time"

// Target is one dependency, ready to be probed: what to send where, with which credential, and what the
// spec asks for. It knows nothing of Kubernetes.
type Target struct {
	// Kind and Provider pick the row of internal/provider.
	Kind, Provider string
	// BaseURL of the provider, without a trailing slash.
	BaseURL string
	// Place is what the spec names where the provider has several hosts, such as a region.
	Place string
	// OwnHost says that the spec chose the host, rather than the provider's row.
	OwnHost bool
	// Credential is empty where none is needed. Consent is what its owner says of where it may go.
	Credential Secret
	Consent    Consent
	// CA replaces the system's certificates where it is set.
	CA *CA
	// Expires is when the credential expires, as the spec says; zero where it does not.
	Expires time.Time
	// TLS is how a mail server or a database is spoken to; it says nothing to other providers, whose BaseURL tells.
	TLS TLSMode
	// Database is that of a database server.
	Database string
	// Wants is what the spec asks for.
	Wants Wants
	// RequestsPerMinute is how many requests may be sent with the credential, for all targets that have it;
	// 0 for DefaultShare.
	RequestsPerMinute float64
	// StatusPage is where the provider tells of its outages.
	StatusPage StatusPage
	// OptIn is how often to do what costs something and the spec asks for, such as a completion; 0 for never.
	// OptInDue says that it is to be done by the next probe.
	OptIn    time.Duration
	OptInDue bool

	Timeout          time.Duration
	Period           time.Duration
	FailureThreshold int
	SuccessThreshold int
}

// Terms are what messages call the parts of a target.
type Terms struct {
	// Provider is whom the target is probed at, Host its host:port. HostHidden says that a Secret has that, so that
	// Host says where it is to be found.
	Provider, Host string
	HostHidden     bool
	// Region is that of the provider where the target is probed; empty where it has but one.
	Region string
	// Credential is what the provider takes, such as "API key"; Keys are the keys of the Secret that hold it.
	Credential string
	Keys       []string
	// Renewal is how one comes by a new credential, within a sentence; empty for creating one at the provider.
	Renewal string
	// GlobalKeys says that a credential is good in every region.
	GlobalKeys bool
}

// Wants is what the spec of one kind asks for: AIWants, EmailWants, …
type Wants interface {
	// Names are what has to exist at the provider, as the spec names it.
	Names() []string
	// Scope is the scope that the spec says one of them needs; none where it does not say so.
	Scope(name string) []string
	// Empty says that the spec asks for nothing.
	Empty() bool
}

// AIWants is what an AIProvider asks for.
type AIWants struct {
	// Models must exist and be open to the key.
	Models []string
	// Completion is to be run; zero for none. Its model is one of Models.
	Completion Completion
}

// Completion is a short text that a model is asked for.
type Completion struct {
	Model string
	// MaxTokens is how many tokens the model may be given for it at most.
	MaxTokens int
}

// EmailWants is what an EmailProvider asks for.
type EmailWants struct {
	// Domain must be verified for sending; empty asks for nothing.
	Domain string
	// From is the address that test emails come from; empty for none.
	From string
	// Selectors are those under which the domain publishes its DKIM keys, where the spec names them.
	Selectors []string
	// Sink says that a server which delivers nothing is what the spec means.
	Sink bool
	// SinkTest asks for a login that has to fail, to find a sink.
	SinkTest bool
}

// APIWants is what a PublicAPI asks for.
type APIWants struct {
	// Requests must be open to the key.
	Requests []APIRequest
}

// APIRequest is a path, with the scope that it needs; empty where the spec names none.
type APIRequest struct{ Path, ScopeNeeded string }

// Names implements Wants.
func (w APIWants) Names() []string {
	var paths []string
	for _, r := range w.Requests {
		paths = append(paths, r.Path)
	}
	return paths
}

// Scope implements Wants.
func (w APIWants) Scope(path string) []string {
	for _, r := range w.Requests {
		if r.Path == path && r.ScopeNeeded != "" {
			return []string{r.ScopeNeeded}
		}
	}
	return nil
}

// Empty implements Wants.
func (w APIWants) Empty() bool { return len(w.Requests) == 0 }

// Scope implements Wants: no model is said to need one.
func (w AIWants) Scope(string) []string { return nil }

// Scope implements Wants: no domain is said to need one.
func (w EmailWants) Scope(string) []string { return nil }

// Names implements Wants.
func (w AIWants) Names() []string { return w.Models }

// Empty implements Wants.
func (w AIWants) Empty() bool { return len(w.Models) == 0 }

// Names implements Wants.
func (w EmailWants) Names() []string {
	if w.Empty() {
		return nil
	}
	return []string{w.Domain}
}

// Empty implements Wants.
func (w EmailWants) Empty() bool { return w.Domain == "" }

// sendsAs says whether both targets send the same credential to the same server.
func (t Target) sendsAs(other Target) bool {
	return (t.CA == nil) == (other.CA == nil) && t.CA.text() == other.CA.text() && t.Login() == other.Login()
}
