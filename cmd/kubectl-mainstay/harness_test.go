// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

// asCommand makes this test binary behave as the command itself, for tests of a whole process.
const asCommand = "KUBECTL_MAINSTAY_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	if os.Getenv(asKubectl) != "" {
		if err := kubectl(os.Args[1:]); err != nil {
			log.Fatal(err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Credentials of the tests, which no output may show.
const (
	goodKey   = "sk-canary-good-4f1d9c"
	badKey    = "sk-canary-bad-77e02a"
	resendKey = "re_canary_resend_93b5"
	ownKey    = "canary-own-server-c21f"
)

var canaries = []string{goodKey, badKey, resendKey, ownKey, "canary"}

// now is when all tests take place.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// result is what a user gets to see of a command.
type result struct {
	code     int
	out, err string
}

// command is one command line, and what is around it.
type command struct {
	args     []string
	stdin    string
	env      map[string]string
	terminal bool
}

// run runs the command in this process, and holds every output against the credentials.
func (c command) run(ctx context.Context, t *testing.T) result {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(ctx, surroundings{
		in: strings.NewReader(c.stdin), out: &out, err: &errOut,
		env:      func(name string) (string, bool) { value, ok := c.env[name]; return value, ok },
		now:      func() time.Time { return now },
		terminal: c.terminal,
	}, append([]string{"/usr/local/bin/kubectl-mainstay"}, c.args...))
	r := result{code: code, out: out.String(), err: errOut.String()}
	for _, canary := range canaries {
		for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))} {
			if strings.Contains(r.out+r.err, form) {
				t.Errorf("the output shows the credential %s:\n%s\n%s", form, r.out, r.err)
			}
		}
	}
	return r
}

// mainstay runs a command line with nothing around it.
func mainstay(t *testing.T, args ...string) result {
	t.Helper()
	return command{args: args}.run(t.Context(), t)
}

// vendors are the providers of a test, each at an address of its own.
type vendors struct {
	openAI, resend, own *providertest.Vendor
	// flags let the command find them.
	flags []string
	// ownURL is the base URL of own, which speaks the OpenAI API and belongs to the user.
	ownURL string
}

func startVendors(t *testing.T) *vendors {
	t.Helper()
	start := func(kind, provider string) (*providertest.Vendor, string) {
		fixture, err := providertest.Find(kind, provider)
		if err != nil {
			t.Fatal(err)
		}
		vendor := providertest.NewVendor(fixture)
		server := httptest.NewServer(vendor)
		t.Cleanup(server.Close)
		return vendor, server.URL + fixture.BasePath
	}
	var v vendors
	var openAIURL, resendURL string
	v.openAI, openAIURL = start("AIProvider", "OpenAI")
	v.resend, resendURL = start("EmailProvider", "Resend")
	v.own, v.ownURL = start("AIProvider", "OpenAICompatible")
	v.openAI.PlayFor(badKey, providertest.Unauthorized)
	v.flags = []string{
		"--allow-cidr", "127.0.0.0/8", "--allow-http", "--dns-server", nameServer(t).Address,
		"--endpoint", "OpenAI=" + openAIURL, "--endpoint", "Resend=" + resendURL,
	}
	return &v
}

// check runs the command check on manifests given by standard input.
func (v *vendors) check(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return command{args: v.args(args...), stdin: stdin}.run(t.Context(), t)
}

func (v *vendors) args(args ...string) []string {
	if !strings.Contains(strings.Join(args, " "), "-f ") && !strings.Contains(strings.Join(args, " "), "-k ") {
		args = append([]string{"-f", "-"}, args...)
	}
	return append(append([]string{"check"}, v.flags...), args...)
}

// folder writes files, by their names, into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// documents joins manifests into one file.
func documents(texts ...string) string { return strings.Join(texts, "\n---\n") }

func secret(name, key string) string {
	return "apiVersion: v1\nkind: Secret\nmetadata: {name: " + name + ", namespace: shop}\nstringData: {apiKey: " + key + "}\n"
}

func aiProvider(name, spec string) string {
	return "apiVersion: mainstay.dev/v1alpha1\nkind: AIProvider\nmetadata: {name: " + name + ", namespace: shop}\nspec: " + spec + "\n"
}

func emailProvider(name, spec string) string {
	return "apiVersion: mainstay.dev/v1alpha1\nkind: EmailProvider\nmetadata: {name: " + name + ", namespace: shop}\nspec: " + spec + "\n"
}

const openAISpec = "{provider: OpenAI, secretRef: {name: openai}, models: [gpt-4o]}"

// mustContain fails unless the text holds every part.
func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(part), " ")) {
			t.Errorf("expected %q in:\n%s", part, text)
		}
	}
}

func mustExit(t *testing.T, r result, code int) {
	t.Helper()
	if r.code != code {
		t.Fatalf("expected exit code %d, got %d\nstdout:\n%s\nstderr:\n%s", code, r.code, r.out, r.err)
	}
}
