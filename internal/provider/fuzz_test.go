// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"net/http"
	"testing"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// seed adds every answer of every fixture, and a few that no vendor gives.
func seed(f *testing.F) []providertest.Fixture {
	f.Helper()
	fixtures, err := providertest.Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, fixture := range fixtures {
		for _, c := range fixture.Cases {
			for _, reply := range c.Replies {
				f.Add(cmp.Or(reply.Status, http.StatusOK), []byte(reply.Body))
			}
		}
	}
	for _, body := range []string{
		"", "null", "[]", "{", `{"error":`, `{"error":[[]]}`, `{"errors":[null]}`, `{"data":[null],"has_more":true}`,
		`{"data":[{"id":""}],"has_more":true}`, `{"data":[{"id":"&after=x#"}],"has_more":true}`, "<html>", "\ufeff{}", "\xff\xfe",
		`{"message":"Missing scopes: ` + "\u0000" + `. missing scope:-. Missing scopes:.:.:"}`,
	} {
		f.Add(http.StatusOK, []byte(body))
		f.Add(http.StatusUnauthorized, []byte(body))
	}
	return fixtures
}

// FuzzClassify reads any body under any status with the rules of every vendor: nothing may panic, and
// what it takes up from the body has to look like a name.
func FuzzClassify(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, p := range All() {
			reading := probe.Classify(probe.Answer{Status: status, Body: body}, p.Rules)
			for _, arg := range reading.Args {
				if _, ok := probe.Token(arg); !ok {
					t.Errorf("%s takes up %q", p.Name, arg)
				}
			}
		}
	})
}

// parrot answers every request alike.
type parrot struct {
	answer   probe.Answer
	requests int
}

func (p *parrot) Do(context.Context, probe.Request) probe.Answer {
	p.requests++
	return p.answer
}

// Converse, Transact and LookUp answer nothing, since only what vendors say over HTTP is made up.
func (*parrot) Converse(context.Context, probe.Dialogue) probe.Session {
	return probe.Session{Fault: probe.TimedOut}
}

func (*parrot) Transact(context.Context, probe.Transaction) probe.Results {
	return probe.Results{Fault: probe.TimedOut}
}

func (*parrot) LookUp(context.Context, probe.Question) probe.Records {
	return probe.Records{Fault: probe.TimedOut}
}

// FuzzProbe has every vendor give one answer to all requests: a probe has to come to its end, soon, with
// an outcome that is sound.
func FuzzProbe(f *testing.F) {
	fixtures := seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, fixture := range fixtures {
			target := fixture.Target(fixture.Cases[providertest.Healthy], "http://127.0.0.1")
			client := &parrot{answer: probe.Answer{Status: status, Body: body}}
			outcome := Probe(t.Context(), client, target).Outcome
			checkSound(t, outcome, target)
			if outcome.Equal(probe.Outcome{}) {
				t.Error("the probe found nothing at all")
			}
			if most := max(maxPages*2+1, len(target.Wants.Names())); client.requests > most {
				t.Errorf("the probe took %d requests, want at most %d", client.requests, most)
			}
		}
	})
}

// FuzzSignIn has the readers of sign-in judge any body, whatever the answers before it said: nothing may panic,
// and what a finding names has to look like a name.
func FuzzSignIn(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, _ int, body []byte) {
		wants := probe.AuthWants{Issuer: "https://login.example.com", Client: probe.ClientWants{Asked: true, Scopes: []string{"read"}}}
		memory := issuer{keys: "https://login.example.com/keys", algorithms: []string{"RS256", "ES256"}}
		for _, read := range []func(*Page) error{readDiscovery, readSigningKeys, readToken, readGoTrueHealth, readGoTrueSettings} {
			var outcome probe.Outcome
			_ = read(&Page{Body: body, Wants: wants, Outcome: &outcome, Memory: memory})
			for _, finding := range outcome {
				for _, arg := range finding.Args {
					if _, admitted := probe.Token(arg); !admitted {
						t.Errorf("%s names %q", finding.Symptom, arg)
					}
				}
			}
		}
	})
}
