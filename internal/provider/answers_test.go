// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

var quiet = log.New(io.Discard, "", 0)

// answer is a server that says the same to everyone; headers are name, value, name, value, …
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// zipped is a server that sends a short answer which becomes a long one.
func zipped(status int, body string) http.HandlerFunc {
	var short strings.Builder
	writer := gzip.NewWriter(&short)
	_, _ = io.WriteString(writer, body)
	_ = writer.Close()
	return answer(status, short.String(), "Content-Encoding", "gzip")
}

const page = "<!DOCTYPE html><html><body>Please log in: invalid_api_key, authentication_error</body></html>"

// plausible are the strangers whom nobody can tell from an API that nothing is known of.
var plausible = map[string]bool{
	"another JSON object with 200": true, "an empty JSON object with 200": true, "a JSON list with 200": true,
	"a JSON null with 200": true, "a JSON text with 200": true, "a hundred thousand numbers with 200": true,
	"nothing with 204": true, "a path that is not there": true,
}

// TestStrangersSayNothingAboutTheCredential has something else answer in place of every provider. None of
// it may end up at a later stage than Reachable, as a symptom or as a proof.
func TestStrangersSayNothingAboutTheCredential(t *testing.T) {
	const unexpected, outage = "Failed UnexpectedAnswer", "Failed ServerError"
	strangers := map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a page with 200":                     {answer(200, page), unexpected},
		"a page with 401":                     {answer(401, page), unexpected},
		"a page with 403":                     {answer(403, page), unexpected},
		"a page with 404":                     {answer(404, page), unexpected},
		"a page after white space":            {answer(401, "\r\n\t "+page), unexpected},
		"a page after a byte order mark":      {answer(401, "\ufeff"+page), unexpected},
		"half a JSON with 200":                {answer(200, `{"object":"list","data":[{"id":"gpt-4o-mi`), unexpected},
		"half a JSON with 401":                {answer(401, `{"error":{"code":"invalid_api_key","message":"API key is invalid"`), unexpected},
		"half a JSON with 403":                {answer(403, `{"error":`), unexpected},
		"an unknown error inside a 200":       {answer(200, `{"error":{"code":"rain","message":"weather"}}`), unexpected},
		"an error as text inside a 200":       {answer(200, `{"error":"rain"}`), unexpected},
		"errors in a list inside a 200":       {answer(200, `{"errors":[{"message":"rain"}]}`), unexpected},
		"a hundred thousand errors with 200":  {zipped(200, fill(mostRead, `{"errors":[`, `{}`, `]}`)), unexpected},
		"a hundred thousand errors with 401":  {zipped(401, fill(mostRead, `{"errors":[`, `{}`, `]}`)), unexpected},
		"a hundred thousand errors with 503":  {zipped(503, fill(mostRead, `{"errors":[`, `{}`, `]}`)), outage},
		"a hundred thousand numbers with 200": {zipped(200, fill(mostRead, `{"object":"list","data":[`, `1`, `]}`)), unexpected},
		"another JSON object with 200":        {answer(200, `{"status":"ok"}`), unexpected},
		"an empty JSON object with 200":       {answer(200, `{}`), unexpected},
		"a JSON list with 200":                {answer(200, `[]`), unexpected},
		"a JSON null with 200":                {answer(200, `null`), unexpected},
		"a JSON text with 200":                {answer(200, `"ok"`), unexpected},
		"plain text with 200":                 {answer(200, "ok"), unexpected},
		"plain text with 403":                 {answer(403, "RBAC: access denied"), unexpected},
		"nothing with 200":                    {answer(200, ""), unexpected},
		"nothing with 204":                    {answer(204, ""), unexpected},
		"nothing with 403":                    {answer(403, ""), unexpected},
		"an unknown status":                   {answer(418, "{}"), unexpected},
		"a request that a proxy wants to see": {answer(407, page), "Failed ProxyFailed"},
		"a path that is not there":            {answer(404, "404 page not found"), "Failed PathNotFound"},
		"500 in the words of a wrong key":     {answer(500, `{"error":{"type":"authentication_error","code":"invalid_api_key"}}`), outage},
		"502 with a page":                     {answer(502, page), outage},
		"503 with nothing":                    {answer(503, "", "Retry-After", "30"), outage},
	}
	for name, stranger := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, stranger.handler)
			client := newClient()
			defer client.Renew()
			forEach(t, func(t *testing.T, p Provider, f providertest.Fixture) {
				target := f.Target(f.Cases[providertest.Healthy], server.URL)
				outcome := Probe(t.Context(), client, target).Outcome
				if f.Kind == "PublicAPI" && plausible[name] {
					return
				}
				want := stranger.want
				if missing := p.Steps[0].Missing; want == "Failed PathNotFound" && missing != (probe.Symptom{}) {
					want = "Failed " + missing.String()
				}
				if diff := cmp.Diff(map[string]string{"Reachable": want}, providertest.Describe(outcome)); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
				checkSound(t, outcome, target)
				if again := Probe(t.Context(), client, target).Outcome; !again.Equal(outcome) {
					t.Errorf("a second probe found something else: %v", providertest.Describe(again))
				}
			})
		})
	}
}

// TestAnEndlessBodyIsNotRead sends far more than all buffers on the way can hold, so the server can only
// come to its end if the client reads on and on.
func TestAnEndlessBodyIsNotRead(t *testing.T) {
	for status, want := range map[int]string{
		200: "Failed UnexpectedAnswer", 401: "Failed UnexpectedAnswer", 500: "Failed ServerError",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var toItsEnd atomic.Bool
			piece := strings.Repeat(`{"error":"`, 8<<10)
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				for range 2048 { // 160 MiB
					if _, err := io.WriteString(w, piece); err != nil {
						return
					}
				}
				toItsEnd.Store(true)
			})
			client := newClient()
			forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
				outcome := Probe(t.Context(), client, f.Target(f.Cases[providertest.Healthy], server.URL)).Outcome
				if diff := cmp.Diff(map[string]string{"Reachable": want}, providertest.Describe(outcome)); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
			})
			server.Close() // waits until every handler has ended
			if toItsEnd.Load() {
				t.Error("the client read without end")
			}
		})
	}
}

func TestARateLimitProvesThatTheVendorAnswersAndNoMore(t *testing.T) {
	limits := map[string]http.HandlerFunc{
		"in seconds":      answer(429, "", "Retry-After", "7"),
		"in milliseconds": answer(429, "{}", "Retry-After-Ms", "7000"),
		"as a date":       answer(429, "{}", "Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT"),
		"as a page":       answer(429, page, "Retry-After", "7.5"),
	}
	want := map[string]string{"Reachable": "Passed", "Working": "Failed RateLimited"}
	for name, handler := range limits {
		t.Run(name, func(t *testing.T) {
			server := serve(t, handler)
			client := newClient()
			defer client.Renew()
			forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
				report := Probe(t.Context(), client, f.Target(f.Cases[providertest.Healthy], server.URL))
				if diff := cmp.Diff(want, providertest.Describe(report.Outcome)); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
				if report.RetryAfter <= 0 {
					t.Error("the report does not say how long to wait")
				}
			})
		})
	}
}

func TestARedirectTakesTheCredentialNowhere(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var arrived atomic.Int32
			other := serve(t, func(http.ResponseWriter, *http.Request) { arrived.Add(1) })
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other.URL+r.URL.Path, status)
			})
			client := newClient()
			defer client.Renew()
			forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
				outcome := Probe(t.Context(), client, f.Target(f.Cases[providertest.Healthy], server.URL)).Outcome
				if diff := cmp.Diff(map[string]string{"Reachable": "Failed UnexpectedAnswer"}, providertest.Describe(outcome)); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
			})
			if arrived.Load() != 0 {
				t.Error("a request followed the redirect")
			}
		})
	}
}

// TestACredentialThatIsSaidBackIsNotShown has a server repeat the credential wherever words of its answer
// may be taken up.
func TestACredentialThatIsSaidBackIsNotShown(t *testing.T) {
	for _, status := range []int{200, 400, 401, 403, 404, 429, 500} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
				key := f.Credential.Sample
				server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", key)
					w.WriteHeader(status)
					_, _ = fmt.Fprintf(w, `{"id":%[1]q,"data":[{"id":%[1]q,"name":%[1]q}],"name":%[1]q,"message":"Missing scopes: %[1]s",
						"error":{"code":%[1]q,"type":"missing_scope","message":"Missing scopes: %[1]s. Missing scopes: %[2]s"}}`, key, key[:len(key)-4])
				})
				client := newClient()
				defer client.Renew()
				target := f.Target(f.Cases[providertest.Healthy], server.URL)
				outcome := Probe(t.Context(), client, target).Outcome
				checkSound(t, outcome, target)
				checkSilent(t, outcome, probe.NewSecret(key[:len(key)-4]))
			})
		})
	}
}
