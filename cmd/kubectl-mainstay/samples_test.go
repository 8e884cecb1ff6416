// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
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

// TestEverySampleIsHealthy checks each sample against its provider in good health, with the credential that
// the fixture knows.
func TestEverySampleIsHealthy(t *testing.T) {
	names := nameServer(t)
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			switch s.Spec.Provider {
			case "SMTP":
				s.checkMail(t, names)
				return
			case "Receiver":
				s.checkReceiver(t, names)
				return
			case "Postgres":
				s.checkPostgres(t, names)
				return
			}
			fixture, err := providertest.Find(s.Kind, s.Spec.Provider)
			if err != nil {
				t.Fatal(err)
			}
			vendor := providertest.NewVendor(fixture)
			server := httptest.NewServer(vendor)
			defer server.Close()
			input := s.text
			if s.Spec.SecretRef != nil {
				input = documents(input, s.secret(t, fixture))
			}
			s.check(t, input, server.URL+fixture.BasePath, names)
			for _, problem := range vendor.Problems() {
				t.Errorf("the vendor complains: %s", problem)
			}
		})
	}
}

// check expects a sample to be healthy at a URL in place of its provider's.
func (s sample) check(t *testing.T, input, url string, names *dnstest.Server) {
	t.Helper()
	r := command{
		args: []string{
			"check", "-f", "-", "--allow-http", "--allow-cidr", "127.0.0.0/8",
			"--endpoint", s.Spec.Provider + "=" + url, "--dns-server", names.Address,
		},
		stdin: input,
	}.run(t.Context(), t)
	mustExit(t, r, exitMet)
}

// checkMail does so for a mail server.
func (s sample) checkMail(t *testing.T, names *dnstest.Server) {
	t.Helper()
	fixtures, err := providertest.LoadMail()
	if err != nil {
		t.Fatal(err)
	}
	server, err := providertest.StartMail(providertest.MailOptions{Pretend: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	server.PlayCase(fixtures[0].Cases[providertest.Healthy])
	values, err := json.Marshal(map[string]string{"username": fixtures[0].Username, "password": fixtures[0].Password})
	if err != nil {
		t.Fatal(err)
	}
	secret := fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\nstringData: %s", s.Spec.SecretRef.Name, s.Metadata.Namespace, values)
	s.check(t, documents(s.text, secret), "smtp://"+server.Address, names)
}

// checkReceiver does so for the receiving end of webhooks, which has the signing secret of the sample.
func (s sample) checkReceiver(t *testing.T, names *dnstest.Server) {
	t.Helper()
	url, err := url.Parse(s.Spec.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(providertest.NewReceiver(url.Path, providertest.ReceiverSecret))
	defer server.Close()
	secret := s.secret(t, providertest.Fixture{Credential: providertest.Credential{Sample: providertest.ReceiverSecret}})
	s.check(t, documents(s.text, secret), server.URL, names)
}

// checkPostgres does so for a database, which is a real one.
func (s sample) checkPostgres(t *testing.T, names *dnstest.Server) {
	t.Helper()
	if !postgrestest.Installed() {
		if os.Getenv("MAINSTAY_REAL_SERVERS") == "required" {
			t.Fatal("PostgreSQL is not installed here")
		}
		t.Skip("PostgreSQL is not installed here (hack/real-servers.sh installs it, as root)")
	}
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	secret := fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\nstringData: {username: %s, password: %s, dbname: %s}",
		s.Spec.SecretRef.Name, s.Metadata.Namespace, postgrestest.Checker, postgrestest.Password, postgrestest.Database)
	s.check(t, documents(s.text, secret), "postgres://"+server.Address, names)
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

// secret returns the Secret of a sample with the credential of a fixture.
func (s sample) secret(t *testing.T, f providertest.Fixture) string {
	t.Helper()
	key := s.Spec.SecretRef.Key
	if key == "" {
		key = "apiKey"
	}
	values := f.Credential.Values()
	if len(values) == 0 {
		values = map[string]string{key: f.Credential.Sample}
	}
	data, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\nstringData: %s\n",
		s.Spec.SecretRef.Name, s.Metadata.Namespace, data)
}

// TestEveryProviderHasASample holds the samples, their kustomization and the pages of the kinds to the table. A
// kind counts once it has a sample.
func TestEveryProviderHasASample(t *testing.T) {
	kustomization, err := os.ReadFile(samplesFolder + "/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	have, kinds := map[string]bool{}, map[string]bool{}
	for _, s := range samples(t) {
		have[s.file], kinds[s.Kind] = true, true
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
		if file := strings.ToLower(p.Kind + "-" + p.Name + ".yaml"); kinds[p.Kind] && !have[file] {
			t.Errorf("provider %s of kind %s has no sample %s", p.Name, p.Kind, file)
		}
	}
}

func TestTheSamplesAreOneValidInput(t *testing.T) {
	noNames(t)
	r := mainstay(t, "check", "-k", samplesFolder, "--require", "Ready")
	mustExit(t, r, exitUnmet)
	mustContain(t, r.out, "shop AIProvider/assistant OpenAI False False SecretNotFound", "blog AIProvider/summaries None False False NoAIProvider")
}
