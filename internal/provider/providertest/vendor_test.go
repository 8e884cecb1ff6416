// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

func openAI(t *testing.T) providertest.Fixture {
	t.Helper()
	f, err := providertest.Find("AIProvider", "OpenAI")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func get(t *testing.T, url, authorization string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

func TestAVendorPlaysCases(t *testing.T) {
	vendor := providertest.NewVendor(openAI(t))
	vendor.Play(providertest.RateLimited)
	vendor.PlayFor("sk-wrong", providertest.Unauthorized)
	vendor.PlayFor("sk-good", providertest.ServerError)
	vendor.PlayFor("sk-good", providertest.Healthy)
	vendor.PlayFor("sk-forgotten", providertest.Unauthorized)
	vendor.PlayFor("sk-forgotten", "")
	server := httptest.NewServer(vendor)
	defer server.Close()

	cases := map[string]struct {
		authorization string
		want          int
	}{
		"a credential with a case of its own gets it":           {"Bearer sk-wrong", http.StatusUnauthorized},
		"the last case that a credential was given counts":      {"Bearer sk-good", http.StatusOK},
		"any other credential gets the case of all":             {"Bearer sk-other", http.StatusTooManyRequests},
		"a credential whose case was taken back is any other":   {"Bearer sk-forgotten", http.StatusTooManyRequests},
		"who sends no credential gets the case of all as well":  {"", http.StatusTooManyRequests},
		"a credential in another scheme is not that credential": {"Basic sk-wrong", http.StatusTooManyRequests},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := get(t, server.URL+"/v1/models", c.authorization); got != c.want {
				t.Errorf("got status %d, want %d", got, c.want)
			}
		})
	}
}

func TestAHealthyVendorSaysWhatIsWrongWithARequest(t *testing.T) {
	cases := map[string]struct {
		path, authorization string
		want                int
		problem             string
	}{
		"a good request":                  {"/v1/models", "Bearer sk-x", http.StatusOK, ""},
		"a query that no reply asks for":  {"/v1/models?limit=1", "Bearer sk-x", http.StatusOK, ""},
		"no credential":                   {"/v1/models", "", http.StatusUnauthorized, "no credential in header Authorization"},
		"a credential without its prefix": {"/v1/models", "sk-x", http.StatusUnauthorized, `header Authorization does not begin with "Bearer "`},
		"a path without a reply":          {"/v1/files", "Bearer sk-x", http.StatusNotFound, "no reply for this path"},
		"a path without the base path":    {"/models", "Bearer sk-x", http.StatusNotFound, "no reply for this path"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			vendor := providertest.NewVendor(openAI(t))
			server := httptest.NewServer(vendor)
			defer server.Close()
			if got := get(t, server.URL+c.path, c.authorization); got != c.want {
				t.Errorf("got status %d, want %d", got, c.want)
			}
			problems := strings.Join(vendor.Problems(), "\n")
			if (problems == "") != (c.problem == "") || !strings.Contains(problems, c.problem) {
				t.Errorf("got problems %q, want %q", problems, c.problem)
			}
		})
	}
}

func TestAVendorRemembersRequests(t *testing.T) {
	vendor := providertest.NewVendor(openAI(t))
	server := httptest.NewServer(vendor)
	defer server.Close()
	get(t, server.URL+"/v1/models?limit=2", "Bearer sk-one")
	requests := vendor.Requests()
	if len(requests) != 1 {
		t.Fatalf("got %d requests, want 1", len(requests))
	}
	got := requests[0]
	if got.Header.Get("Authorization") != "Bearer sk-one" {
		t.Errorf("the header is not remembered: %v", got.Header)
	}
	got.Header = nil
	want := providertest.Request{
		Method: http.MethodGet, Host: strings.TrimPrefix(server.URL, "http://"), Path: "/v1/models?limit=2",
		Credential: "sk-one", Case: providertest.Healthy,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("wrong request (-want +got):\n%s", diff)
	}
	vendor.Forget()
	if rest := vendor.Requests(); len(rest) != 0 {
		t.Errorf("got %d requests after Forget, want none", len(rest))
	}
}

func TestACaseMayBeSwitchedWhileRequestsRun(t *testing.T) {
	vendor := providertest.NewVendor(openAI(t))
	server := httptest.NewServer(vendor)
	defer server.Close()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			vendor.Play(providertest.ServerError)
			vendor.PlayFor("sk-x", providertest.RateLimited)
			if got := get(t, server.URL+"/v1/models", "Bearer sk-x"); got != http.StatusTooManyRequests {
				t.Errorf("got status %d, want 429", got)
			}
			_ = vendor.Requests()
		})
	}
	all.Wait()
}

func TestAnUnknownCaseIsAMistakeOfTheProgram(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("expected a panic")
		}
	}()
	providertest.NewVendor(openAI(t)).Play("no such case")
}

func TestAVendorOfAWSHoldsSignaturesAgainstItsOwn(t *testing.T) {
	fixture, err := providertest.Find("AIProvider", "Bedrock")
	if err != nil {
		t.Fatal(err)
	}
	client := probe.NewHTTPClient(probe.Guard{
		AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, AllowHTTP: true,
	}, "mainstay/test")
	defer client.Renew()
	sample := fixture.Credential
	for name, c := range map[string]struct {
		accessKeyID, secret, token, region, body string
		want                                     int
		problem                                  string
	}{
		"the sample":                     {sample.AccessKeyID, sample.Sample, "", fixture.Place, "", http.StatusOK, ""},
		"with a token of a session":      {sample.AccessKeyID, sample.Sample, "token", fixture.Place, "", http.StatusOK, ""},
		"with a body":                    {sample.AccessKeyID, sample.Sample, "", fixture.Place, `{"maxTokens":16}`, http.StatusOK, ""},
		"another secret":                 {sample.AccessKeyID, "other", "", fixture.Place, "", http.StatusForbidden, "the signature does not match"},
		"another access key":             {"other", sample.Sample, "", fixture.Place, "", http.StatusForbidden, "an unknown access key"},
		"a signature for another region": {sample.AccessKeyID, sample.Sample, "", "eu-north-9", "", http.StatusForbidden, "in eu-north-9"},
	} {
		t.Run(name, func(t *testing.T) {
			vendor := providertest.NewVendor(fixture)
			server := httptest.NewServer(http.StripPrefix("/aws", vendor)) // As the simulator does.
			defer server.Close()
			url := server.URL + "/aws/foundation-model-availability/x%3A0"
			if c.body != "" {
				url = server.URL + "/aws/model/x%3A0/converse"
			}
			answer := client.Do(t.Context(), probe.Request{
				URL: url, Body: c.body, Auth: probe.Auth{AWSService: sample.AWSService, Region: c.region},
				Credential: probe.NewSecretOf(map[string]string{
					probe.AWSAccessKeyID: c.accessKeyID, probe.AWSSecretAccessKey: c.secret, probe.AWSSessionToken: c.token,
				}),
			})
			problems := strings.Join(vendor.Problems(), "\n")
			if answer.Status != c.want || (problems == "") != (c.problem == "") || !strings.Contains(problems, c.problem) {
				t.Errorf("got status %d with problems %q, want %d with %q", answer.Status, problems, c.want, c.problem)
			}
		})
	}
}
