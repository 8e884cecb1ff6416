// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package provider knows the vendors. A vendor is a value: a file with one struct, and a row in All.
package provider

import (
	"cmp"
	"context"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// Provider is one vendor, as data: where it is, how to authenticate, which read-only requests to send in
// order, and where its answers depart from the common reading of HTTP.
type Provider struct {
	// Kind is the kind of the custom resource, Name the word in its spec.provider.
	Kind, Name string
	// BaseURL includes the version in its path, where all steps have the same. It is empty for providers without a fixed host. {place} in it
	// stands for what the spec names where the vendor has several hosts, such as a region.
	BaseURL string
	// Places are the words that a spec may use for a place, and what stands for them in BaseURL; nil where
	// the spec's own word does.
	Places map[string]string
	// PlaceIn reads the place from a credential that names it; nil where none does.
	PlaceIn func(probe.Secret) string
	// OwnPlace says that users name places as they like, so that the host is of the spec's choosing.
	OwnPlace bool
	// Auth says how the credential is sent. Where it is zero, only steps with an Auth of their own send it.
	Auth probe.Auth
	// Keys are the keys of the Secret that hold the credential, at vendors whose credentials have several
	// values. Others have one, at the key that the spec names.
	Keys []Key
	// Called is what messages call the provider, and Credential what it takes; Name and "API key" where
	// they are empty.
	Called, Credential string
	// Renewal is how one comes by a new credential where that is not created at the provider, within a sentence
	// that goes on with "and put it there".
	Renewal string
	// GlobalKeys says that a credential is good in every region, at a provider with several hosts.
	GlobalKeys bool
	// KeyPrefix is how this vendor's keys begin, as far as that is distinctive; empty where it is not.
	KeyPrefix string
	// EveryKey says that all keys begin with KeyPrefix, at whatever host.
	EveryKey bool
	// NotKeys are prefixes of this vendor's credentials that are for another use, and what they are.
	NotKeys map[string]string
	// Header holds what the vendor wants in every request besides the credential.
	Header map[string]string
	// Speaks is how the provider is talked to; HTTP where it is empty.
	Speaks Protocol
	// Steps are the requests over HTTP, in order.
	Steps []Step
	// Asks is how a provider is asked that has no HTTP API, in place of Steps. It says whether it came to its end.
	Asks func(*run, context.Context) bool
	// Records are what the DNS of a sending domain has for the vendor.
	Records Records
	// RequestsPerMinute is the limit that the vendor documents for a key or its account; 0 where none is
	// known. It belongs to the application: probes take a small part of it.
	RequestsPerMinute float64
	// StatusFeed is where the vendor tells machines of its outages.
	StatusFeed probe.StatusPage
	// ExpiryHeader is the header in which the vendor tells when the credential expires.
	ExpiryHeader string
	// Limits are the headers in which the vendor tells how much of its limits is left.
	Limits []LimitHeaders
	// LimitHeader is the header in which the vendor names the limit that a refused request has met.
	LimitHeader string
	// Unfit recognises without the network a credential of the right kind that is not for what the spec asks
	// for; nil where there is none such.
	Unfit func(probe.Secret, probe.Wants) (probe.Symptom, bool)
	// Signs says that a credential is not sent but signs, and is so random that nobody can guess it from what it has
	// signed, so that it takes no consent to sign with it for any host; nil where credentials are sent.
	Signs func(probe.Secret) bool
	// Rules are what is known of the vendor's errors; the first that matches decides.
	Rules []probe.Rule
	// Facts are for the reader, and for docs/providers.md.
	Facts Facts
}

// Protocol is a way to talk to a provider.
type Protocol string

// The protocols.
const (
	HTTP Protocol = ""
	SMTP Protocol = "SMTP"
	// Postgres is the frontend/backend protocol of PostgreSQL.
	Postgres Protocol = "Postgres"
	// Kubernetes is what an API server is asked, of the cluster that the operator is in.
	Kubernetes Protocol = "Kubernetes"
)

// LimitHeaders are a pair of headers about one limit.
type LimitHeaders struct{ Resource, Limit, Remaining string }

// Key is one of the keys of a Secret that hold a credential of several values.
type Key struct {
	Name string
	// Optional says that the credential may do without.
	Optional bool
	// Chosen says that people choose the value, so that it may hold any characters.
	Chosen bool
	// Spaced says that the value may hold blanks inside.
	Spaced bool
}

// Facts describe what a free probe of a vendor proves, and how sure that is.
type Facts struct {
	// Proves and CannotProve are short lists, without a full stop. OptIn is what is proven besides where the
	// spec opts in to it.
	Proves, CannotProve, OptIn []string
	// Requests says how many requests one probe sends.
	Requests string
	// KeysPage is where the user makes a new key, StatusPage where the vendor reports outages.
	KeysPage, StatusPage string
	// Source and Verified say where the facts of this file come from, and when that was looked up.
	Source, Verified string
}

// All is the table of vendors, by kind and name. Nobody changes it.
func All() []Provider { return all }

var all = []Provider{
	accessHTTP,
	accessKubernetes,
	accessPostgREST,
	accessPostgres,

	anthropic,
	azureOpenAI,
	bedrock,
	cohere,
	gemini,
	groq,
	mailgun,
	mistral,
	openAI,
	openAICompatible,
	openRouter,
	postmark,
	resend,
	sendGrid,
	ses,
	smtp,

	stripe,

	receivingEnd,
	stripeWebhooks,

	convoy,
	outpost,
	svix,
	webhookPostgres,

	bearer,
	devSphere,

	oidc,
	supabaseAuth,
}

// Find returns the provider of a kind by its name.
func Find(kind, name string) (Provider, bool) {
	for i := range all {
		if all[i].Kind == kind && all[i].Name == name {
			return all[i], true
		}
	}
	return Provider{}, false
}

// Base returns the base URL at a place that a spec names, without a slash at its end.
func (p Provider) Base(place string) string {
	if word, known := p.Places[place]; known {
		place = word
	}
	return strings.ReplaceAll(p.BaseURL, "{place}", place)
}

// Terms returns what messages call the provider and its credential. ownKey is the key of the Secret that a
// spec names, for a credential of one value.
func (p Provider) Terms(ownKey string) probe.Terms {
	terms := probe.Terms{
		Provider: cmp.Or(p.Called, p.Name), Credential: cmp.Or(p.Credential, "API key"), Keys: []string{ownKey},
		Renewal: p.Renewal, GlobalKeys: p.GlobalKeys,
	}
	if len(p.Keys) > 0 {
		terms.Keys = nil
	}
	for _, key := range p.Keys {
		if !key.Optional {
			terms.Keys = append(terms.Keys, key.Name)
		}
	}
	return terms
}

// share is the part of a vendor's rate limit that probes take.
const share = 0.05

// Share is how many requests a minute probes may send with one credential, for all objects that have it.
func (p Provider) Share() float64 {
	if p.RequestsPerMinute == 0 {
		return probe.DefaultShare
	}
	return ShareOf(p.RequestsPerMinute)
}

// ShareOf returns how much of a limit on requests probes take.
func ShareOf(limit float64) float64 { return share * limit }

// Misplaced recognises a credential of another vendor, or for another use, by its prefix, and says what
// it is. A vendor whose keys have no prefix of their own accepts any.
func (p Provider) Misplaced(credential probe.Secret) (string, bool) {
	value := credential.Reveal()
	for prefix, what := range p.NotKeys {
		if strings.HasPrefix(value, prefix) {
			return what, true
		}
	}
	if p.EveryKey && !strings.HasPrefix(value, p.KeyPrefix) {
		return "its keys begin with " + p.KeyPrefix, true
	}
	if p.KeyPrefix == "" {
		return "", false
	}
	// The longest prefix decides, since one vendor's may begin with another's: sk- and sk-ant-.
	var owner Provider
	for _, other := range All() {
		if strings.HasPrefix(value, other.KeyPrefix) && len(other.KeyPrefix) > len(owner.KeyPrefix) {
			owner = other
		}
	}
	if owner.Name == "" || owner.KeyPrefix == p.KeyPrefix {
		return "", false
	}
	return "it looks like a key of " + owner.Name, true
}
