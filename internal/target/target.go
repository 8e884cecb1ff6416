// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package target turns an object and what it refers to into what can be probed. It is pure: the operator
// and the CLI feed it from different sources and get the same answer.
package target

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
)

// None is the provider of every kind for which nothing is configured.
const None = "None"

// Dependency is an object of a probed kind.
type Dependency interface {
	metav1.Object
	runtime.Object
	Provider() string
	SharedSpec() *v1alpha1.DependencySpec
	SharedStatus() *v1alpha1.DependencyStatus
}

// Kind is a probed kind.
type Kind struct {
	Name string
	// Noun is what people call it in a sentence.
	Noun string
	New  func() Dependency
	// NewList returns an empty list of the kind.
	NewList func() runtime.Object
	// None is the symptom of provider None.
	None probe.Symptom
	// Wants reads from the spec what has to exist at the provider.
	Wants func(Dependency) probe.Wants
}

// Kinds is the table of probed kinds.
var Kinds = []Kind{
	{
		Name:    "AIProvider",
		Noun:    "AI",
		New:     func() Dependency { return &v1alpha1.AIProvider{} },
		NewList: func() runtime.Object { return &v1alpha1.AIProviderList{} },
		None:    probe.NoAIProvider,
		Wants: func(d Dependency) probe.Wants {
			return probe.AIWants{Models: d.(*v1alpha1.AIProvider).Spec.Models}
		},
	},
	{
		Name:    "EmailProvider",
		Noun:    "email",
		New:     func() Dependency { return &v1alpha1.EmailProvider{} },
		NewList: func() runtime.Object { return &v1alpha1.EmailProviderList{} },
		None:    probe.NoEmailProvider,
		Wants: func(d Dependency) probe.Wants {
			return probe.EmailWants{Domain: d.(*v1alpha1.EmailProvider).Spec.Domain}
		},
	},
}

// FindKind returns a probed kind by its name.
func FindKind(name string) (Kind, bool) {
	for _, kind := range Kinds {
		if kind.Name == name {
			return kind, true
		}
	}
	return Kind{}, false
}

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
	// Endpoints replace the base URLs of providers, by their names.
	Endpoints map[string]string
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
	t.BaseURL, t.OwnHost = o.baseURL(vendor, spec)
	t.RequestsPerMinute = vendor.Share()
	if t.BaseURL == vendor.BaseURL {
		t.StatusPage = vendor.StatusPage
	}
	for _, check := range []func(*probe.Target, provider.Provider, Inputs) (probe.Finding, bool){
		credential, authority, consent, o.destination,
	} {
		if problem, bad := check(&t, vendor, r); bad {
			return t, problem
		}
	}
	return t, probe.Pass()
}

// baseURL picks the URL to probe and says whether the spec chose its host.
func (o Options) baseURL(vendor provider.Provider, spec *v1alpha1.DependencySpec) (string, bool) {
	switch {
	case spec.Endpoint != "":
		return strings.TrimRight(spec.Endpoint, "/"), true
	case o.Endpoints[vendor.Name] != "":
		return strings.TrimRight(o.Endpoints[vendor.Name], "/"), false
	}
	return vendor.BaseURL, false
}

// Host returns the host:port at which an object is probed, or nothing where there is none.
func (o Options) Host(kind Kind, object Dependency) string {
	vendor, _ := provider.Find(kind.Name, object.Provider())
	base, _ := o.baseURL(vendor, object.SharedSpec())
	u, err := url.Parse(base)
	if err != nil || base == "" {
		return ""
	}
	return probe.URLHostPort(u).String()
}

// ParseEndpoints reads PROVIDER=URL pairs.
func ParseEndpoints(pairs []string) (map[string]string, error) {
	endpoints := map[string]string{}
	for _, pair := range pairs {
		name, base, found := strings.Cut(pair, "=")
		known := slices.ContainsFunc(provider.All(), func(p provider.Provider) bool { return p.Name == name })
		u, err := url.Parse(base)
		if !found || !known || err != nil || !plainURL(u) {
			return nil, fmt.Errorf("expected PROVIDER=URL, such as OpenAI=https://gateway.example.com/v1, found %q", pair)
		}
		endpoints[name] = base
	}
	return endpoints, nil
}

// plainURL says whether a URL is a place to send requests to, and nothing besides.
func plainURL(u *url.URL) bool {
	_, err := probe.ParseHostPort(u.Host)
	return err == nil && u.User == nil && u.RawQuery == "" && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == "http")
}

// credential finds the value in the Secret and judges its shape.
func credential(t *probe.Target, vendor provider.Provider, r Inputs) (probe.Finding, bool) {
	ref := r.Object.SharedSpec().SecretRef
	switch {
	case ref == nil:
		return probe.Finding{}, false
	case r.Secret == nil:
		return probe.Fail(probe.SecretNotFound), true
	}
	value, found := r.Secret.Data[ref.DataKey()]
	if !found {
		return probe.Fail(probe.SecretKeyMissing), true
	}
	t.Credential = probe.NewSecret(string(value))
	// A server of the user's own may issue keys of its own, so only the vendor's host knows their kind.
	if symptom, bad := t.Credential.Shape(vendor.BaseURL != "" && !t.OwnHost); bad {
		return probe.Fail(symptom), true
	}
	if what, misplaced := vendor.Misplaced(t.Credential); misplaced && !t.OwnHost {
		return probe.Fail(probe.WrongKeyKind, what), true
	}
	return probe.Finding{}, false
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
	ca, ok := probe.ParseCA(pem)
	if !ok {
		return probe.Fail(probe.CAInvalid, name), true
	}
	t.CA = ca
	return probe.Finding{}, false
}

// consent holds back a credential whose owner did not allow it to be sent to the spec's host.
func consent(t *probe.Target, _ provider.Provider, r Inputs) (probe.Finding, bool) {
	if !t.OwnHost || t.Credential.IsZero() || r.Secret.Consented {
		return probe.Finding{}, false
	}
	u, err := url.Parse(t.BaseURL)
	if err != nil {
		return probe.Fail(probe.ConsentMissing), true
	}
	for allowed := range strings.SplitSeq(r.Secret.AllowedHosts, ",") {
		if host, err := probe.ParseHostPort(allowed); err == nil && host.Covers(probe.URLHostPort(u)) {
			return probe.Finding{}, false
		}
	}
	if strings.TrimSpace(r.Secret.AllowedHosts) != "" {
		return probe.Fail(probe.ConsentForOthers), true
	}
	return probe.Fail(probe.ConsentMissing), true
}

// destination asks the dial guard what it can say before DNS.
func (o Options) destination(t *probe.Target, _ provider.Provider, _ Inputs) (probe.Finding, bool) {
	u, err := url.Parse(t.BaseURL)
	if err != nil {
		return probe.Fail(probe.AddressRefused), true
	}
	symptom, refused := o.Guard.CheckURL(u)
	return probe.Fail(symptom), refused
}
