// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/probe/dnstest"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// The tests of this package walk every provider of the table, so a new row is tested by being there.

func TestMain(m *testing.M) {
	// No test asks the DNS of the machine it runs on.
	net.DefaultResolver = dnstest.Resolver(dnstest.NoSuchName)
	os.Exit(m.Run())
}

// forEach runs a test for every provider that speaks HTTP, with its fixture.
func forEach(t *testing.T, test func(*testing.T, Provider, providertest.Fixture)) {
	t.Helper()
	for _, p := range All() {
		f, err := providertest.Find(p.Kind, p.Name)
		if err != nil && p.Asks != nil {
			continue // Tests of their own walk those that have no API.
		}
		t.Run(p.Kind+" "+p.Name, func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			test(t, p, f)
		})
	}
}

func newClient() *probe.Network { return newClientAsking("") }

// newClientAsking returns a client that asks a name server for the records of domains.
func newClientAsking(nameServer string) *probe.Network {
	return probe.NewNetwork(probe.NetworkOptions{UserAgent: "mainstay/test", NameServer: nameServer, Guard: probe.Guard{
		AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		AllowHTTP:  true,
	}})
}

// played is a vendor that is played over TLS and HTTP/2 on this machine.
type played struct {
	*providertest.Vendor
	fixture providertest.Fixture
	server  *httptest.Server
	ca      *probe.CA
}

func play(t *testing.T, f providertest.Fixture) played {
	t.Helper()
	vendor := providertest.NewVendor(f)
	server := httptest.NewUnstartedServer(vendor)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return played{Vendor: vendor, fixture: f, server: server, ca: authority(t, server)}
}

// target returns the target of a case, and plays the case from now on.
func (p played) target(name string) probe.Target {
	p.Play(name)
	t := p.fixture.Target(p.fixture.Cases[name], p.server.URL)
	t.CA = p.ca
	return t
}

func TestEveryProviderHasAFixtureAndEveryFixtureAProvider(t *testing.T) {
	fixtures, err := providertest.Load()
	if err != nil {
		t.Fatal(err)
	}
	mail, err := providertest.LoadMail()
	if err != nil {
		t.Fatal(err)
	}
	have, want := []string{"WebhookEndpoint Receiver"}, []string(nil) // A receiver is no fixture: it checks signatures.
	for _, f := range fixtures {
		have = append(have, f.Kind+" "+f.Provider)
	}
	for _, f := range mail {
		have = append(have, f.Kind+" "+f.Provider)
	}
	for _, p := range All() {
		// A database is probed at a real server, by the tests of realtest, and a cluster by those of controllers.
		if p.Speaks != Postgres && p.Speaks != Kubernetes {
			want = append(want, p.Kind+" "+p.Name)
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("wrong fixtures (-providers +fixtures):\n%s", diff)
	}
}

func TestEveryFixtureIsComplete(t *testing.T) {
	forEach(t, func(t *testing.T, p Provider, f providertest.Fixture) {
		for _, name := range providertest.Required() {
			if _, ok := f.Case(name); !ok {
				t.Errorf("the fixture has no case %q", name)
			}
		}
		auth := probe.Auth{
			Header: f.Credential.Header, Prefix: f.Credential.Prefix, User: f.Credential.User, AWSService: f.Credential.AWSService,
		}
		if auth != p.Auth {
			t.Errorf("the fixture has the credential in %+v, the provider in %+v", auth, p.Auth)
		}
		sample := probe.NewSecret(f.Credential.Sample)
		if symptom, bad := sample.Shape(true); bad {
			t.Errorf("the sample of a credential is refused: %s", symptom)
		}
		if what, misplaced := p.Misplaced(sample); misplaced {
			t.Errorf("the sample of a credential is refused: %s", what)
		}
		base, err := url.Parse(p.Base(f.Place))
		if err != nil || p.BaseURL != "" && (base.Scheme != "https" || base.Path != f.BasePath || strings.HasSuffix(p.BaseURL, "/")) {
			t.Errorf("base URL %q is no https URL with the path %q", p.BaseURL, f.BasePath)
		}
	})
}

var month = regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])$`)

func TestEveryFactHasASourceAndADate(t *testing.T) {
	for _, p := range All() {
		facts := p.Facts
		if len(facts.Proves) == 0 || len(facts.CannotProve) == 0 || facts.Requests == "" {
			t.Errorf("%s %s: the facts do not say what a probe proves, what it cannot prove, and how many requests it takes", p.Kind, p.Name)
		}
		if facts.Source == "" || !month.MatchString(facts.Verified) {
			t.Errorf("%s %s: the facts have the source %q, verified %q", p.Kind, p.Name, facts.Source, facts.Verified)
		}
		if page := p.StatusFeed.URL; page != "" && !strings.HasPrefix(page, facts.StatusPage+"/") {
			t.Errorf("%s %s: machines are sent to %q and people to %q", p.Kind, p.Name, page, facts.StatusPage)
		}
		for i, rule := range p.Rules {
			if rule.Source == "" || !month.MatchString(rule.Verified) {
				t.Errorf("%s %s: rule %d has the source %q, verified %q", p.Kind, p.Name, i, rule.Source, rule.Verified)
			}
			if ofHTTP := http.StatusText(rule.Status) != ""; rule.Code == "" && rule.Message == "" && (rule.Status == 0 || ofHTTP) {
				t.Errorf("%s %s: rule %d is about a status alone, which does not identify a cause", p.Kind, p.Name, i)
			}
			if rule.Message != strings.ToLower(rule.Message) {
				t.Errorf("%s %s: rule %d matches no message, since %q is not in lower case", p.Kind, p.Name, i, rule.Message)
			}
		}
		for i, step := range p.Steps {
			placed := step.At != nil || step.URL != nil || strings.HasPrefix(step.Path, "/") || step.Path == "{path}"
			if !placed || step.Read == nil {
				t.Errorf("%s %s: step %d has no path that begins with a slash and no URL, or does not read its answer", p.Kind, p.Name, i)
			}
		}
	}
}

func TestTheEnumOfEachKindIsTheTable(t *testing.T) {
	kinds := map[string][]string{}
	for _, p := range All() {
		kinds[p.Kind] = append(kinds[p.Kind], p.Name)
	}
	for kind, names := range kinds {
		t.Run(kind, func(t *testing.T) {
			want := slices.Clone(names)
			if kind == "AIProvider" || kind == "EmailProvider" { // The others are not there where nothing is chosen.
				want = append(want, "None")
			}
			got := providerEnum(t, "../../config/crd/bases/mainstay.dev_"+strings.ToLower(kind)+"s.yaml")
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("spec.provider admits other words than the table has (-table +CRD):\n%s", diff)
			}
		})
	}
}

// providerEnum reads the words that a CRD admits for spec.provider.
func providerEnum(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Enum       []string                   `json:"enum"`
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema json.RawMessage `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(data, &crd); err != nil {
		t.Fatal(err)
	}
	raw := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	var s schema
	for _, property := range []string{"spec", "provider", ""} {
		s = schema{}
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		raw = s.Properties[property]
	}
	return s.Enum
}

func TestEveryCaseIsReadAsItsFixtureSays(t *testing.T) {
	forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
		vendor := play(t, f)
		for name, c := range f.Cases {
			t.Run(name, func(t *testing.T) {
				client := newClientAsking(startNameServer(t, f.Zone(c)).Address)
				defer client.Renew()
				target := vendor.target(name)
				vendor.Forget()
				report := Probe(t.Context(), client, target)
				outcome := report.Outcome
				if diff := cmp.Diff(f.Wanted(c, vendor.server.URL), providertest.Describe(outcome)); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.Headroom, providertest.DescribeHeadroom(report.Headroom), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("wrong headroom (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.Deliveries, providertest.DescribeDeliveries(report.Deliveries), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("wrong deliveries (-want +got):\n%s", diff)
				}
				checkSound(t, outcome, target)
				checkRequests(t, vendor.Requests(), max(c.Requests, 1), f)
				if again := Probe(t.Context(), client, target).Outcome; !again.Equal(outcome) {
					t.Errorf("a second probe found something else: %v, then %v",
						providertest.Describe(outcome), providertest.Describe(again))
				}
			})
		}
	})
}

// checkRequests holds a probe to what it promises: to read only, few times, and to show the credential
// to nobody but the vendor, in the header where it belongs.
func checkRequests(t *testing.T, requests []providertest.Request, want int, f providertest.Fixture) {
	t.Helper()
	if len(requests) != want {
		t.Errorf("the probe took %d requests, want %d", len(requests), want)
	}
	for _, r := range requests {
		if r.Problem != "" {
			t.Errorf("%s %s: %s", r.Method, r.Path, r.Problem)
		}
		if strings.Contains(r.Path, f.Credential.Sample) {
			t.Errorf("the credential is in the path %s", r.Path)
		}
		for header, values := range r.Header {
			if header != f.Credential.Header && strings.Contains(strings.Join(values, "\n"), f.Credential.Sample) {
				t.Errorf("the credential is in the header %s as well", header)
			}
		}
		if r.Header.Get("User-Agent") != "mainstay/test" {
			t.Errorf("the request says it comes from %q", r.Header.Get("User-Agent"))
		}
	}
}

// fixedWords are the arguments that are neither names of the spec nor tokens.
var fixedWords = regexp.MustCompile(`^it (is signed by an unknown authority|is for another host name|has expired or is not valid yet|cannot be verified)$`)

// checkSound holds an outcome to what is true of every outcome.
func checkSound(t *testing.T, o probe.Outcome, target probe.Target) {
	t.Helper()
	for stage, finding := range o {
		symptom := finding.Symptom
		if symptom != (probe.Symptom{}) && symptom.Stage() != probe.Stage(stage) {
			t.Errorf("%s stands at stage %s", symptom, probe.Stage(stage))
		}
		plain := finding.Result == probe.NotReached || finding.Result == probe.NotApplicable
		if plain && symptom != (probe.Symptom{}) || !plain && finding.Result != probe.Passed && symptom == (probe.Symptom{}) {
			t.Errorf("stage %s is %s with the symptom %q", probe.Stage(stage), finding.Result, symptom)
		}
		args := slices.Clone(finding.Args)
		for _, w := range finding.Also {
			args = append(args, w.Args...)
		}
		for _, arg := range args {
			_, admitted := probe.Token(arg)
			if !admitted && !slices.Contains(target.Wants.Names(), arg) && !fixedWords.MatchString(arg) {
				t.Errorf("%q is no token, no name of the spec and no word of ours", arg)
			}
		}
	}
	checkSilent(t, o, target.Credential)
}

// checkSilent looks for the credential in everything that can be shown of an outcome.
func checkSilent(t *testing.T, o probe.Outcome, credential probe.Secret) {
	t.Helper()
	if credential.IsZero() {
		return
	}
	encoded, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(o), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o), string(encoded)} {
		if credential.ShownBy(shown) {
			t.Errorf("the credential is in the outcome: %s", shown)
		}
	}
}

// TestEveryRuleDecidesACase swaps what a rule means for something that no vendor says. A case must notice.
func TestEveryRuleDecidesACase(t *testing.T) {
	forEach(t, func(t *testing.T, p Provider, f providertest.Fixture) {
		vendor := play(t, f)
		client := newClient()
		defer client.Renew()
		for i, rule := range p.Rules {
			marked := p
			marked.Rules = slices.Clone(p.Rules)
			marked.Rules[i].Means, marked.Rules[i].Unprovable, marked.Rules[i].Undecided = probe.ProofTooOld, false, false
			noticed := false
			for name, c := range f.Cases {
				report := marked.examine(t.Context(), client, vendor.target(name))
				noticed = noticed || !maps.Equal(f.Wanted(c, vendor.server.URL), providertest.Describe(report.Outcome))
			}
			if !noticed {
				t.Errorf("no case of the fixture hits rule %d (code %q, message %q)", i, rule.Code, rule.Message)
			}
		}
	})
}

func TestATargetOfAnUnknownProviderIsOurOwnFault(t *testing.T) {
	report := Probe(t.Context(), newClient(), probe.Target{Kind: "AIProvider", Provider: "Nobody"})
	want := map[string]string{"Reachable": "Failed ProbeFailed"}
	if diff := cmp.Diff(want, providertest.Describe(report.Outcome)); diff != "" {
		t.Errorf("wrong outcome (-want +got):\n%s", diff)
	}
}
