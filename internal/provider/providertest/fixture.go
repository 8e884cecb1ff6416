// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package providertest holds what each vendor answers, one file per vendor, and plays vendors over HTTP.
// The conformance suite of package provider walks the same files that the tests of the operator and the
// CLI, and the demo, play from.
package providertest

import (
	"cmp"
	"embed"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/probe/dnstest"
)

//go:embed testdata/*.yaml testdata/mail/*.yaml
var files embed.FS

// Fixture is one vendor as seen from outside. It is written from the vendor's documents and not from our
// code, so that the two can be held against each other.
type Fixture struct {
	Kind     string `json:"kind"`
	Provider string `json:"provider"`
	// Place is where the vendor is, of several hosts.
	Place string `json:"place,omitempty"`
	// BasePath is the path of the vendor's base URL; the paths of all replies come after it.
	BasePath   string          `json:"basePath,omitempty"`
	Credential Credential      `json:"credential"`
	Cases      map[string]Case `json:"cases"`
	// DNS is what the name server knows in cases that say nothing of it.
	DNS dnstest.Zone `json:"dns,omitempty"`
}

// Credential says how the vendor takes a credential.
type Credential struct {
	// Header carries it, and Prefix stands before it there. User makes it the password of HTTP Basic
	// authentication instead.
	Header string `json:"header,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	User   string `json:"user,omitempty"`
	// AWSService has requests signed for that service instead, with the sample as the secret access key of
	// AccessKeyID.
	AWSService  string `json:"awsService,omitempty"`
	AccessKeyID string `json:"accessKeyID,omitempty"`
	// ClientID has what is posted come from a client of OAuth 2.0 instead, with the sample as its secret. What is
	// read must come without.
	ClientID string `json:"clientID,omitempty"`
	// Sample has the shape of one, and is none.
	Sample string `json:"sample"`
	// Optional says that the vendor may be called without.
	Optional bool `json:"optional,omitempty"`
}

// Case is one state in which a vendor may be found.
type Case struct {
	// Wants is what the spec asks for where the conformance suite probes the case.
	Wants Wants `json:"wants,omitempty"`
	// Anonymous says that the suite probes without a credential.
	Anonymous bool `json:"anonymous,omitempty"`
	// OptIn says that the suite's probe does what the spec opts in to.
	OptIn bool `json:"optIn,omitempty"`
	// Replies are what the vendor answers; the first with a matching path is given.
	Replies []Reply `json:"replies"`
	// Want is the finding that each stage must get, as "Result Symptom argument … + Warning argument …". A stage that is not
	// named must not be reached. Configured has always passed.
	Want map[string]string `json:"want"`
	// Requests is how many requests the probe must take; 0 stands for 1.
	Requests int `json:"requests,omitempty"`
	// Headroom is what the probe must learn of the vendor's limits, as "remaining of limit" by resource.
	Headroom map[string]string `json:"headroom,omitempty"`
	// Deliveries is what the probe must learn of deliveries to a webhook endpoint, in the words of
	// DescribeDeliveries.
	Deliveries map[string]string `json:"deliveries,omitempty"`
	// DNS is what the name server knows of the sending domain.
	DNS *dnstest.Zone `json:"dns,omitempty"`
}

// Wants is what a spec asks for; which field counts depends on the kind.
type Wants struct {
	Models     []string   `json:"models,omitempty"`
	Completion Completion `json:"completion,omitempty"`
	Domain     string     `json:"domain,omitempty"`
	From       string     `json:"from,omitempty"`
	Selectors  []string   `json:"selectors,omitempty"`
	Sink       bool       `json:"sink,omitempty"`
	SinkTest   bool       `json:"sinkTest,omitempty"`
	Requests   []Wanted   `json:"requests,omitempty"`
	Stripe     Stripe     `json:"stripe,omitempty"`
	Webhook    Webhook    `json:"webhook,omitempty"`
	Auth       Auth       `json:"auth,omitempty"`
}

// Auth is what the spec of an AuthProvider asks for.
type Auth struct {
	// Issuer is the name that the issuer must give itself; where it is empty, the URL at which it is played.
	Issuer string `json:"issuer,omitempty"`
	// Scopes are those of a token that is asked for, and Audience whom it is for.
	Scopes   []string `json:"scopes,omitempty"`
	Audience string   `json:"audience,omitempty"`
	Methods  []string `json:"methods,omitempty"`
	SignUps  bool     `json:"signUps,omitempty"`
}

// Webhook is what the spec of a WebhookEndpoint asks for.
type Webhook struct {
	URL    string   `json:"url"`
	Events []string `json:"events,omitempty"`
	// Account is whose endpoint it is: a connected account, or the sender's application, project or tenant.
	Account string `json:"account,omitempty"`
	// Mode is Live where it is empty.
	Mode         string `json:"mode,omitempty"`
	FromAccounts bool   `json:"fromAccounts,omitempty"`
}

// Stripe is what the spec of a StripeAccount asks for.
type Stripe struct {
	// Mode is Live where it is empty.
	Mode         string   `json:"mode,omitempty"`
	Account      string   `json:"account,omitempty"`
	Charges      bool     `json:"charges,omitempty"`
	Payouts      bool     `json:"payouts,omitempty"`
	Capabilities []string `json:"capabilities,omitempty"`
	Permissions  []string `json:"permissions,omitempty"`
}

// Wanted is a request that the spec of a PublicAPI names.
type Wanted struct {
	Path  string `json:"path"`
	Scope string `json:"scope,omitempty"`
}

// Completion is what a spec opts in to for a model.
type Completion struct {
	Model     string `json:"model"`
	MaxTokens int    `json:"maxTokens"`
}

// Reply is one answer of a vendor.
type Reply struct {
	// Path comes after the base path. It is a pattern of path.Match. With a query, which is such a pattern too, it
	// matches those queries alone, in that order; without one it matches any.
	Path string `json:"path"`
	// Posted makes it the answer to a POST whose body holds this text, and to no GET.
	Posted string `json:"posted,omitempty"`
	// Status 0 stands for 200.
	Status int `json:"status,omitempty"`
	// Headers come beside Content-Type, which is application/json unless they say otherwise.
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
}

// Names of the cases that every fixture has.
const (
	// Healthy accepts any credential. What it offers is said at the top of each file.
	Healthy = "healthy"
	// Unauthorized rejects the credential.
	Unauthorized = "unauthorized"
	// RateLimited says that too many requests came.
	RateLimited = "rate-limited"
	// ServerError is an outage of the vendor.
	ServerError = "server-error"
)

// Required returns the names of the cases that every fixture has.
func Required() []string { return []string{Healthy, Unauthorized, RateLimited, ServerError} }

// Load returns every fixture, by file name. They are read once, and nobody changes them.
func Load() ([]Fixture, error) { return loaded() }

var loaded = sync.OnceValues(load)

func load() ([]Fixture, error) {
	entries, err := files.ReadDir("testdata")
	if err != nil {
		return nil, fmt.Errorf("read fixtures: %w", err)
	}
	fixtures := make([]Fixture, 0, len(entries))
	for _, entry := range entries {
		if entry.IsDir() {
			continue // Mail servers are played in another way: see LoadMail.
		}
		data, err := files.ReadFile(path.Join("testdata", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read fixture: %w", err)
		}
		var f Fixture
		if err := yaml.UnmarshalStrict(data, &f); err != nil {
			return nil, fmt.Errorf("fixture %s: %w", entry.Name(), err)
		}
		if want := strings.ToLower(f.Kind + "-" + f.Provider + ".yaml"); entry.Name() != want {
			return nil, fmt.Errorf("fixture %s: expected the file to be called %s", entry.Name(), want)
		}
		fixtures = append(fixtures, f)
	}
	return fixtures, nil
}

// Find returns the fixture of one vendor.
func Find(kind, provider string) (Fixture, error) {
	fixtures, err := Load()
	if err != nil {
		return Fixture{}, err
	}
	for _, f := range fixtures {
		if f.Kind == kind && f.Provider == provider {
			return f, nil
		}
	}
	return Fixture{}, fmt.Errorf("no fixture for provider %s of kind %s", provider, kind)
}

// Case returns a case by its name.
func (f Fixture) Case(name string) (Case, bool) {
	c, ok := f.Cases[name]
	return c, ok
}

// Zone returns what the name server knows in a case.
func (f Fixture) Zone(c Case) dnstest.Zone {
	if c.DNS == nil {
		return f.DNS
	}
	return *c.DNS
}

// Wanted returns the findings that each stage of a case must get, for a vendor that is played at the URL of a
// server.
func (f Fixture) Wanted(c Case, serverURL string) map[string]string {
	_, host, _ := strings.Cut(serverURL, "://")
	fill := strings.NewReplacer(base, serverURL+f.BasePath, "{host}", host)
	want := map[string]string{}
	for stage, finding := range c.Want {
		want[stage] = fill.Replace(finding)
	}
	return want
}

// Target returns what a probe of the case needs, for a vendor that is played at the URL of a server.
func (f Fixture) Target(c Case, serverURL string) probe.Target {
	t := probe.Target{
		Kind: f.Kind, Provider: f.Provider, BaseURL: serverURL + f.BasePath, Place: f.Place, Wants: c.Wants.of(f.Kind),
		OptInDue: c.OptIn,
	}
	if !c.Anonymous {
		t.Credential = f.Credential.secret()
	}
	if wants, ok := t.Wants.(probe.AuthWants); ok && f.Credential.ClientID != "" {
		wants.Issuer = cmp.Or(wants.Issuer, t.BaseURL)
		wants.Client.Asked = !c.Anonymous
		t.Wants = wants
	}
	return t
}

// secret returns the sample as what is probed with.
func (c Credential) secret() probe.Secret {
	values := c.Values()
	if len(values) == 0 {
		return probe.NewSecret(c.Sample)
	}
	return probe.NewSecretOf(values)
}

// Values returns the values of a credential that has several, by the keys of the Secret that hold them.
func (c Credential) Values() map[string]string {
	switch {
	case c.AWSService != "":
		return map[string]string{probe.AWSAccessKeyID: c.AccessKeyID, probe.AWSSecretAccessKey: c.Sample}
	case c.ClientID != "":
		return map[string]string{probe.ClientID: c.ClientID, probe.ClientSecret: c.Sample}
	}
	return nil
}

func (w Wants) of(kind string) probe.Wants {
	switch kind {
	case "EmailProvider":
		return probe.EmailWants{Domain: w.Domain, From: w.From, Selectors: w.Selectors, Sink: w.Sink, SinkTest: w.SinkTest}
	case "PublicAPI":
		var wants probe.APIWants
		for _, r := range w.Requests {
			wants.Requests = append(wants.Requests, probe.APIRequest{Path: r.Path, ScopeNeeded: r.Scope})
		}
		return wants
	case "WebhookEndpoint":
		return probe.WebhookWants{
			URL: w.Webhook.URL, Events: w.Webhook.Events, Account: w.Webhook.Account,
			Live: w.Webhook.Mode != "Test", FromAccounts: w.Webhook.FromAccounts,
		}
	case "AuthProvider":
		a := w.Auth
		return probe.AuthWants{
			Issuer: a.Issuer, Methods: a.Methods, SignUps: a.SignUps,
			Client: probe.ClientWants{Scopes: a.Scopes, Audience: a.Audience},
		}
	case "StripeAccount":
		s := w.Stripe
		return probe.StripeWants{
			Live: s.Mode != "Test", Account: s.Account, Charges: s.Charges, Payouts: s.Payouts,
			Capabilities: s.Capabilities, Permissions: s.Permissions,
		}
	}
	return probe.AIWants{Models: w.Models, Completion: probe.Completion(w.Completion)}
}

// Describe writes an outcome in the words of Case.Want.
func Describe(o probe.Outcome) map[string]string {
	words := map[string]string{}
	for stage, f := range o {
		if f.Equal(probe.Finding{}) || probe.Stage(stage) == probe.Configured && f.Equal(probe.Pass()) {
			continue
		}
		text := append([]string{f.Result.String(), f.Symptom.String()}, f.Args...)
		for _, w := range f.Also {
			text = append(append(text, "+", w.Symptom.String()), w.Args...)
		}
		words[probe.Stage(stage).String()] = strings.TrimSpace(strings.Join(text, " "))
	}
	return words
}

// DescribeHeadroom writes what was learned of limits in the words of Case.Headroom.
func DescribeHeadroom(headroom []probe.Headroom) map[string]string {
	words := map[string]string{}
	for _, h := range headroom {
		words[h.Resource] = fmt.Sprintf("%g of %g", h.Remaining, h.Limit)
	}
	return words
}

// DescribeDeliveries writes what was learned of deliveries in the words of Case.Deliveries.
func DescribeDeliveries(d *probe.Deliveries) map[string]string {
	words := map[string]string{}
	if d == nil {
		return words
	}
	for word, count := range map[string]*int64{"count": d.Count, "deadLettered": d.DeadLettered, "waiting": d.Waiting} {
		if count != nil {
			words[word] = fmt.Sprint(*count)
		}
	}
	if share, known := d.FailedShare(); known {
		words["failed"] = fmt.Sprintf("%.0f %%", 100*share)
	}
	if d.Window != 0 {
		words["window"] = d.Window.String()
	}
	if d.LastStatus != 0 {
		words["lastStatus"] = fmt.Sprint(d.LastStatus)
	}
	if !d.WaitingSince.IsZero() {
		words["waitingFor"] = time.Since(d.WaitingSince).Round(time.Minute).String()
	}
	return words
}
