// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/internal/probe/dnstest"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/provider/postgrestest"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

const samplesFolder = "../../config/samples"

// sample is what the tests need to know of a sample.
type sample struct {
	file, text string
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Spec struct {
		Provider  string `json:"provider"`
		URL       string `json:"url"`
		SecretRef *struct {
			Name string `json:"name"`
			Key  string `json:"key"`
		} `json:"secretRef"`
	} `json:"spec"`
}

// samples returns the samples of single providers, whose files are called after kind and provider.
func samples(t *testing.T) []sample {
	t.Helper()
	files, err := filepath.Glob(samplesFolder + "/*-*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no samples: %v", err)
	}
	found := make([]sample, len(files))
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &found[i]
		s.file, s.text = filepath.Base(file), string(data)
		if err := yaml.Unmarshal(data, s); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToLower(s.Kind + "-" + s.Spec.Provider + ".yaml"); s.file != want {
			t.Errorf("expected %s to be called %s", s.file, want)
		}
	}
	return found
}

// TestTheFolderOfSamplesCoversEveryProvider checks all samples at once, as a user does, against their providers
// in good health, with the credentials that the fixtures know.
func TestTheFolderOfSamplesCoversEveryProvider(t *testing.T) {
	simulated, secrets := playEverything(t)
	simulated.args = append(simulated.args, "-k", samplesFolder)
	r := command{args: simulated.args, stdin: secrets}.run(t.Context(), t)
	mustExit(t, r, exitUnmet) // The blog has not got far.
	for _, s := range samples(t) {
		verdict := "True True Passed"
		if s.Spec.Provider == "Kubernetes" {
			verdict = "True Unknown ClusterNotAsked" // Without a cluster nobody knows.
		}
		mustContain(t, r.out, fmt.Sprintf("%s %s/%s %s %s", s.Metadata.Namespace, s.Kind, s.Metadata.Name, s.Spec.Provider, verdict))
	}
	for name, vendor := range simulated.vendors {
		for _, problem := range vendor.Problems() {
			t.Errorf("%s complains: %s", name, problem)
		}
	}
}

// playEverything plays the provider of every sample, and returns the Secrets that the samples refer to.
func playEverything(t *testing.T) (simulated simulator, secrets string) {
	t.Helper()
	fixtures, err := providertest.Load()
	if err != nil {
		t.Fatal(err)
	}
	simulated = simulator{T: t, vendors: map[string]*providertest.Vendor{}}
	simulated.args = []string{"check", "-f", "-", "--allow-http", "--allow-cidr", "127.0.0.0/8", "--dns-server", nameServer(t).Address}
	for _, f := range fixtures {
		simulated.add(f)
	}
	mail := simulated.addMail()
	database := simulated.addPostgres()
	have := map[string]string{}
	for _, s := range samples(t) {
		switch fixture, err := providertest.Find(s.Kind, s.Spec.Provider); {
		case s.Spec.SecretRef == nil:
		case s.Spec.Provider == "SMTP":
			s.has(t, have, map[string]string{"username": mail.Username, "password": mail.Password})
		case s.Spec.Provider == "Postgres":
			s.has(t, have, database)
		case s.Spec.Provider == "Receiver":
			s.has(t, have, map[string]string{s.key(): providertest.ReceiverSecret})
			simulated.addReceiver(s.Spec.URL)
		case err != nil:
			t.Fatal(err)
		default:
			s.has(t, have, s.values(fixture))
		}
	}
	return simulated, strings.Join(slices.Sorted(maps.Values(have)), "\n---\n")
}

// simulator plays every provider, and keeps what the command is told of where they are.
type simulator struct {
	*testing.T
	args    []string
	vendors map[string]*providertest.Vendor
}

// add plays a fixture. Those of one provider for several kinds are at one place.
func (s *simulator) add(f providertest.Fixture) {
	if vendor, known := s.vendors[f.Provider]; known {
		vendor.Also(f)
		return
	}
	vendor := providertest.NewVendor(f)
	server := httptest.NewServer(vendor)
	s.Cleanup(server.Close)
	s.vendors[f.Provider] = vendor
	s.args = append(s.args, "--endpoint", f.Provider+"="+server.URL+f.BasePath)
}

// addMail plays a mail server and returns its fixture.
func (s *simulator) addMail() providertest.MailFixture {
	s.Helper()
	fixtures, err := providertest.LoadMail()
	if err != nil {
		s.Fatal(err)
	}
	server, err := providertest.StartMail(providertest.MailOptions{Pretend: true})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(server.Close)
	server.PlayCase(fixtures[0].Cases[providertest.Healthy])
	s.args = append(s.args, "--endpoint", "SMTP=smtp://"+server.Address)
	return fixtures[0]
}

// addReceiver plays an app that takes webhooks at a URL.
func (s *simulator) addReceiver(at string) {
	s.Helper()
	u, err := url.Parse(at)
	if err != nil {
		s.Fatal(err)
	}
	server := httptest.NewServer(providertest.NewReceiver(u.Path, providertest.ReceiverSecret))
	s.Cleanup(server.Close)
	s.args = append(s.args, "--endpoint", "Receiver="+server.URL)
}

// addPostgres starts a real database and returns what the Secret of its sample holds.
func (s *simulator) addPostgres() map[string]string {
	s.Helper()
	server := postgrestest.For(s.T)
	s.args = append(s.args, "--endpoint", "Postgres=postgres://"+server.Address)
	return map[string]string{"username": postgrestest.Checker, "password": postgrestest.Password, "dbname": postgrestest.Database}
}

// key is the key of the sample's Secret.
func (s sample) key() string { return cmp.Or(s.Spec.SecretRef.Key, "apiKey") }

// values are those of the Secret of a sample, with the credential of its fixture.
func (s sample) values(f providertest.Fixture) map[string]string {
	if values := f.Credential.Values(); len(values) > 0 {
		return values
	}
	return map[string]string{s.key(): f.Credential.Sample}
}

// has gives a sample its Secret.
func (s sample) has(t *testing.T, secrets, values map[string]string) {
	t.Helper()
	data, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	secrets[s.Metadata.Namespace+"/"+s.Spec.SecretRef.Name] = fmt.Sprintf(
		"apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\nstringData: %s", s.Spec.SecretRef.Name, s.Metadata.Namespace, data)
}

// nameServer knows the sending domains of all fixtures.
func nameServer(t *testing.T) *dnstest.Server {
	t.Helper()
	zone, err := providertest.Zones()
	if err != nil {
		t.Fatal(err)
	}
	names, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(names.Close)
	if err := names.Load(zone); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestEveryProviderHasASample holds the samples, their kustomization and the pages of the kinds to the table.
func TestEveryProviderHasASample(t *testing.T) {
	kustomization, err := os.ReadFile(samplesFolder + "/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, s := range samples(t) {
		have[s.file] = true
		if !strings.Contains(string(kustomization), "- "+s.file+"\n") {
			t.Errorf("the kustomization does not list %s", s.file)
		}
		page, err := os.ReadFile("../../docs/kinds/" + strings.ToLower(s.Kind) + ".md")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "(../../config/samples/"+s.file+")") {
			t.Errorf("the page of kind %s has no link to %s", s.Kind, s.file)
		}
	}
	for _, p := range provider.All() {
		if file := strings.ToLower(p.Kind + "-" + p.Name + ".yaml"); !have[file] {
			t.Errorf("provider %s of kind %s has no sample %s", p.Name, p.Kind, file)
		}
	}
}

// TestTheOtherSamplesAreInADoc holds that those of several objects are named in a page too.
func TestTheOtherSamplesAreInADoc(t *testing.T) {
	page, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(samplesFolder + "/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		ofProvider := strings.Contains(name, "-")
		if !ofProvider && name != "kustomization.yaml" && !strings.Contains(string(page), "(../config/samples/"+name+")") {
			t.Errorf("docs/check.md has no link to %s", name)
		}
	}
}

func TestTheSamplesAreOneValidInput(t *testing.T) {
	noNames(t)
	r := mainstay(t, "check", "-k", samplesFolder, "--require", "Ready")
	mustExit(t, r, exitUnmet)
	mustContain(t, r.out, "shop AIProvider/assistant OpenAI False False SecretNotFound", "blog AIProvider/summaries None False False NoAIProvider")
}
