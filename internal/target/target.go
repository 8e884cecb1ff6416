// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package target turns an object and what it refers to into what can be probed. It is pure: the operator
// and the CLI feed it from different sources and get the same answer.
package target

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
)

// None is the provider of every kind for which nothing is configured.
const None = "None"

// Referent is one version of a Secret or ConfigMap that a spec refers to.
type Referent struct {
	Version probe.Version
	Data    map[string][]byte
	// AllowedHosts is the annotation with which the owner of a Secret consents to hosts.
	AllowedHosts string
	// Consented says that the owner consents to any host, as who types a credential into a command does.
	Consented bool
}

// Options are what the administrator decides.
type Options struct {
	Guard probe.Guard
	// Endpoints replace the base URLs of providers, by their names, and what specs say of them.
	Endpoints map[string]string
	// NameServer is the host:port that is asked for the DNS records of a sending domain; empty for the
	// system's.
	NameServer string
}

// Network returns what a client needs that keeps to the options.
func (o Options) Network(userAgent string) probe.NetworkOptions {
	return probe.NetworkOptions{
		Guard: o.Guard, UserAgent: userAgent, NameServer: cmp.Or(o.NameServer, probe.SystemNameServer()),
	}
}

// Inputs are an object with what its spec refers to; nil stands for what does not exist.
type Inputs struct {
	Kind   Kind
	Object Dependency
	Secret *Referent
	CA     *Referent
}

// Build returns the target of an object. The finding is that of stage Configured; where it did not pass
// there is nothing to probe.
func (o Options) Build(r Inputs) (probe.Target, probe.Finding) {
	spec := r.Object.SharedSpec()
	t := probe.Target{
		Kind: r.Kind.Name, Provider: r.Object.Provider(), Wants: r.Kind.Wants(r.Object),
		Timeout:          time.Duration(spec.TimeoutSeconds) * time.Second,
		Period:           time.Duration(spec.PeriodSeconds) * time.Second,
		FailureThreshold: int(spec.FailureThreshold),
		SuccessThreshold: int(spec.SuccessThreshold),
	}
	if t.Provider == None {
		return t, probe.Fail(r.Kind.None)
	}
	vendor, ok := provider.Find(r.Kind.Name, t.Provider)
	if !ok {
		return t, probe.Fail(r.Kind.None)
	}
	if r.Kind.OptIn != nil {
		t.OptIn = r.Kind.OptIn(r.Object)
	}
	t.Place = r.Kind.PlaceOf(r.Object)
	t.BaseURL, t.OwnHost = o.baseURL(vendor, spec, t.Place)
	t.RequestsPerMinute = vendor.Share()
	if r.Kind.Adjust != nil {
		r.Kind.Adjust(r.Object, &t)
	}
	if t.BaseURL == vendor.Base(t.Place) {
		t.StatusPage = vendor.StatusFeed
	}
	for _, check := range []func(*probe.Target, provider.Provider, Inputs) (probe.Finding, bool){
		o.mailServer, o.database, credential, identified, placed, authority, consent, o.destination,
	} {
		if problem, bad := check(&t, vendor, r); bad {
			return t, problem
		}
	}
	return t, probe.Pass()
}

// PlaceOf returns what the spec of an object names where its provider has several hosts.
func (k Kind) PlaceOf(object Dependency) string {
	if k.Place == nil {
		return ""
	}
	return k.Place(object)
}

// keysOf returns the keys of its Secret that hold an object's credential: those that the spec names itself, where
// its kind has it do so, else those of the provider, if it has any.
func (k Kind) keysOf(object Dependency, vendor provider.Provider) (keys []provider.Key, named bool) {
	if k.Keys != nil {
		if keys, named := k.Keys(object); named {
			return keys, true
		}
	}
	return vendor.Keys, false
}

// baseURL picks the URL to probe and says whether the spec chose its host.
func (o Options) baseURL(vendor provider.Provider, spec *v1alpha1.DependencySpec, place string) (string, bool) {
	switch {
	case o.Endpoints[vendor.Name] != "":
		return strings.TrimRight(o.Endpoints[vendor.Name], "/"), false
	case spec.Endpoint != "":
		return strings.TrimRight(spec.Endpoint, "/"), true
	}
	return vendor.Base(place), vendor.OwnPlace
}

// Terms returns what messages call the parts of an object's target.
func (o Options) Terms(kind Kind, object Dependency) probe.Terms {
	vendor, _ := provider.Find(kind.Name, object.Provider())
	terms := vendor.Terms("")
	if ref := object.SharedSpec().SecretRef; ref != nil {
		terms = vendor.Terms(ref.DataKey())
		if ref.Key != "" {
			terms.Keys = []string{ref.Key} // It may hold in one value what else is in several keys.
		}
		if _, named := kind.keysOf(object, vendor); named {
			terms.Keys = RequiredKeys(kind, object)
		}
	}
	if vendor.Speaks == provider.Kubernetes {
		terms.Host = vendor.Called
		return terms
	}
	place := kind.PlaceOf(object)
	base, own := o.baseURL(vendor, object.SharedSpec(), place)
	if !own {
		terms.Region = place
	}
	if vendor.PlaceIn != nil && base == vendor.Base(place) {
		base = vendor.Base("*.") // Which it is only the credential tells.
	}
	if u, err := url.Parse(base); err == nil && base != "" {
		terms.Host = probe.URLHostPort(u).String()
	}
	if ref := object.SharedSpec().SecretRef; ref != nil && terms.Host == "" && hostInSecret(vendor, object) {
		terms.Host, terms.HostHidden = "the host in Secret "+ref.Name, true
	}
	return terms
}

// SecretKeys returns the keys of its Secret that an object's credential is read from.
func SecretKeys(kind Kind, object Dependency) []string {
	return secretKeys(kind, object, func(provider.Key) bool { return true })
}

// RequiredKeys returns those of SecretKeys without which there is no credential.
func RequiredKeys(kind Kind, object Dependency) []string {
	return secretKeys(kind, object, func(k provider.Key) bool { return !k.Optional })
}

func secretKeys(kind Kind, object Dependency, wanted func(provider.Key) bool) []string {
	ref := object.SharedSpec().SecretRef
	if ref == nil {
		return nil
	}
	vendor, _ := provider.Find(kind.Name, object.Provider())
	keys, named := kind.keysOf(object, vendor)
	if !named && (len(keys) == 0 || ref.Key != "") {
		return []string{ref.DataKey()}
	}
	var names []string
	for _, key := range keys {
		if wanted(key) {
			names = append(names, key.Name)
		}
	}
	return names
}

// ParseEndpoints reads PROVIDER=URL pairs.
func ParseEndpoints(pairs []string) (map[string]string, error) {
	endpoints := map[string]string{}
	for _, pair := range pairs {
		name, base, found := strings.Cut(pair, "=")
		i := slices.IndexFunc(provider.All(), func(p provider.Provider) bool { return p.Name == name })
		u, err := url.Parse(base)
		if !found || i < 0 || err != nil || !plainURL(u, provider.All()[i]) {
			return nil, fmt.Errorf("expected PROVIDER=URL, such as OpenAI=https://gateway.example.com/v1, found %q", pair)
		}
		endpoints[name] = base
	}
	return endpoints, nil
}

// plainURL says whether a URL is a place at which a vendor can be asked, and nothing besides.
func plainURL(u *url.URL, vendor provider.Provider) bool {
	schemes, complete := []string{"https", "http"}, true
	switch vendor.Speaks {
	case provider.SMTP:
		schemes, complete = []string{"smtps", "smtp"}, u.Port() != "" && u.Path == ""
	case provider.Postgres:
		schemes, complete = []string{postgresScheme}, u.Port() != "" && u.Path == ""
	case provider.Kubernetes:
		return false // It is the cluster that the operator is in, and no other.
	case provider.HTTP:
	}
	_, err := probe.ParseHostPort(u.Host)
	return err == nil && complete && u.User == nil && u.RawQuery == "" && u.Fragment == "" && slices.Contains(schemes, u.Scheme)
}

// mailServer takes down how to speak to a mail server, and recognises one that delivers nothing. The
// administrator's endpoint stands for any server: smtps for TLS from the start, and smtp for none.
func (o Options) mailServer(t *probe.Target, vendor provider.Provider, r Inputs) (probe.Finding, bool) {
	if vendor.Speaks != provider.SMTP {
		return probe.Finding{}, false
	}
	smtp := r.Object.(*v1alpha1.EmailProvider).Spec.SMTP
	switch endpoint := o.Endpoints[vendor.Name]; {
	case strings.HasPrefix(endpoint, "smtps:"):
		t.TLS = probe.ImplicitTLS
	case endpoint != "":
		t.TLS = probe.ClearText
	case provider.Stub(mailServer(r.Object)) && smtp.Sink != v1alpha1.SMTPSinkAccept:
		return probe.Fail(probe.SMTPStub), true
	default:
		t.TLS = probe.TLSMode(smtp.TLS)
	}
	return probe.Finding{}, false
}

// credential finds the value in the Secret and judges its shape.
func credential(t *probe.Target, vendor provider.Provider, r Inputs) (probe.Finding, bool) {
	ref := r.Object.SharedSpec().SecretRef
	switch {
	case ref == nil, vendor.Speaks == provider.Postgres: // Its login was read with its host.
		return probe.Finding{}, false
	case r.Secret == nil:
		return probe.Fail(probe.SecretNotFound), true
	}
	// A server of the user's own may issue keys of its own, so only the vendor's host knows their kind.
	issued := vendor.EveryKey || vendor.BaseURL != "" && (!t.OwnHost || vendor.OwnPlace)
	if keys, named := r.Kind.keysOf(r.Object, vendor); named || len(keys) > 0 {
		values, problem, bad := values(keys, r.Secret.Data, issued)
		t.Credential = probe.NewSecretOf(values)
		return problem, bad
	}
	value, problem, bad := value(r.Secret.Data, ref.DataKey(), issuedShape(issued))
	if bad {
		return problem, true
	}
	t.Credential = probe.NewSecret(value)
	if what, misplaced := vendor.Misplaced(t.Credential); misplaced && issued {
		return probe.Fail(probe.WrongKeyKind, what), true
	}
	if vendor.Unfit != nil && issued {
		symptom, unfit := vendor.Unfit(t.Credential, t.Wants)
		return probe.Fail(symptom), unfit
	}
	return probe.Finding{}, false
}

// placed takes the place of a provider from the credential, at a vendor whose credentials name it.
func placed(t *probe.Target, vendor provider.Provider, _ Inputs) (probe.Finding, bool) {
	if vendor.PlaceIn != nil && t.BaseURL == vendor.Base(t.Place) {
		t.Place = vendor.PlaceIn(t.Credential)
		t.BaseURL = vendor.Base(t.Place)
	}
	return probe.Finding{}, false
}

// values reads a credential of several values.
func values(keys []provider.Key, data map[string][]byte, issued bool) (values map[string]string, problem probe.Finding, bad bool) {
	values = map[string]string{}
	for _, key := range keys {
		if _, found := data[key.Name]; !found && key.Optional {
			continue
		}
		shape := issuedShape(issued)
		switch {
		case key.Chosen:
			shape = probe.Secret.ChosenShape
		case key.Spaced:
			shape = probe.Secret.SpacedShape
		}
		if values[key.Name], problem, bad = value(data, key.Name, shape); bad {
			return nil, problem, true
		}
	}
	return values, probe.Finding{}, false
}

const (
	// maxValue is how long a value of a credential may be, in bytes, and maxAuthority how much may be in spec.caRef:
	// the authorities of all browsers take about 220 KiB. Both are held for as long as there is something to probe.
	maxValue     = 16 << 10
	maxAuthority = 256 << 10
)

// shape judges a value without the network.
type shape func(probe.Secret) (probe.Symptom, bool)

func issuedShape(issued bool) shape {
	return func(s probe.Secret) (probe.Symptom, bool) { return s.Shape(issued) }
}

// value reads one value of a Secret and judges its shape.
func value(data map[string][]byte, key string, shape shape) (value string, problem probe.Finding, bad bool) {
	raw, found := data[key]
	if !found {
		return "", probe.Fail(probe.SecretKeyMissing, key), true
	}
	if len(raw) > maxValue {
		return "", probe.Fail(probe.CredentialTooLong, key), true
	}
	if symptom, bad := shape(probe.NewSecret(string(raw))); bad {
		return "", probe.Fail(symptom, key), true
	}
	return string(raw), probe.Finding{}, false
}

// authority reads the certificates of spec.caRef.
func authority(t *probe.Target, _ provider.Provider, r Inputs) (probe.Finding, bool) {
	ref := r.Object.SharedSpec().CARef
	if ref == nil {
		return probe.Finding{}, false
	}
	name := fmt.Sprintf("key %s of %s %s", ref.Key, ref.Kind, ref.Name)
	if r.CA == nil {
		return probe.Fail(probe.CANotFound, name), true
	}
	pem, found := r.CA.Data[ref.Key]
	if !found {
		return probe.Fail(probe.CANotFound, name), true
	}
	if len(pem) > maxAuthority {
		return probe.Fail(probe.CATooLarge, name), true
	}
	ca, ok := probe.ParseCA(pem)
	if !ok {
		return probe.Fail(probe.CAInvalid, name), true
	}
	t.CA = ca
	return probe.Finding{}, false
}

// consent holds back a credential whose owner did not allow it to be sent to the spec's host.
func consent(t *probe.Target, vendor provider.Provider, r Inputs) (probe.Finding, bool) {
	keptBack := vendor.Signs != nil && vendor.Signs(t.Credential)
	port := portBesideSecret(vendor, r)
	if t.Credential.IsZero() || keptBack || hostInSecret(vendor, r.Object) && port == "" {
		return probe.Finding{}, false
	}
	t.Consent = probe.ParseConsent(r.Secret.AllowedHosts)
	t.Consent.Anywhere = r.Secret.Consented
	u, err := url.Parse(t.BaseURL)
	switch {
	case !t.OwnHost || err == nil && t.Consent.Admits(u):
		return probe.Finding{}, false
	case port != "":
		return probe.Fail(probe.PortNotConsented, port), true
	case vendor.Signs != nil:
		return probe.Fail(probe.SigningNotConsented), true
	case strings.TrimSpace(r.Secret.AllowedHosts) != "":
		return probe.Fail(probe.ConsentForOthers), true
	}
	return probe.Fail(probe.ConsentMissing), true
}

// destination asks the dial guard what it can say before DNS. The operator's own API server is none of a spec's
// choice.
func (o Options) destination(t *probe.Target, vendor provider.Provider, _ Inputs) (probe.Finding, bool) {
	if vendor.Speaks == provider.Kubernetes {
		return probe.Finding{}, false
	}
	u, err := url.Parse(t.BaseURL)
	if err != nil {
		return probe.Fail(probe.AddressRefused), true
	}
	symptom, refused := o.Guard.CheckURL(u)
	if t.TLS != "" {
		symptom, refused = o.Guard.CheckServer(probe.URLHostPort(u), t.TLS)
	}
	return probe.Fail(symptom), refused
}
