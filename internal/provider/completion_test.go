// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// TestNothingIsPostedUnlessTheSpecOptedIn walks every case as a probe that is not to do what costs something.
func TestNothingIsPostedUnlessTheSpecOptedIn(t *testing.T) {
	forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
		vendor := play(t, f)
		client := newClient()
		defer client.Renew()
		for name := range f.Cases {
			target := vendor.target(name)
			target.OptInDue = false
			vendor.Forget()
			report := Probe(t.Context(), client, target)
			if report.OptIn != 0 {
				t.Errorf("%s: the probe says that it did what costs something", name)
			}
			for _, r := range vendor.Requests() {
				if r.Method != "GET" {
					t.Errorf("%s: the probe sent %s %s", name, r.Method, r.Path)
				}
			}
		}
	})
}

// TestEveryModelVendorTellsFiveThingsApart holds the fixtures to what an app sees as "the AI returns nothing".
// Cohere and Mistral have no word for an answer that a filter kept back.
func TestEveryModelVendorTellsFiveThingsApart(t *testing.T) {
	forEach(t, func(t *testing.T, p Provider, f providertest.Fixture) {
		if p.Kind != "AIProvider" {
			return
		}
		told := map[string]bool{}
		for _, c := range f.Cases {
			if c.OptIn {
				result, rest, _ := strings.Cut(c.Want["Working"], " ")
				symptom, _, _ := strings.Cut(rest, " ")
				told[result+" "+symptom] = true
			}
		}
		things := []string{"Failed EmptyOutput", "Failed QuotaExhausted", "Failed RateLimited", "Undecided ProbeBudgetTooSmall"}
		if p.Name != "Cohere" && p.Name != "Mistral" {
			things = append(things, "Failed OutputBlocked")
		}
		for _, thing := range things {
			if !told[thing] {
				t.Errorf("expected a case of a completion that comes to %s", thing)
			}
		}
	})
}

// failing answers what is posted by an error with status 200.
type failing struct{ probe.Client }

func (c failing) Do(ctx context.Context, r probe.Request) probe.Answer {
	if r.Body == "" {
		return c.Client.Do(ctx, r)
	}
	return probe.Answer{Status: 200, Body: []byte(`{"error":{"code":"odd","message":"The model failed."}}`)}
}

func TestAnErrorInsideA200IsNoAnswer(t *testing.T) {
	forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
		vendor := play(t, f)
		client := newClient()
		defer client.Renew()
		for name, c := range f.Cases {
			if !c.OptIn || c.Want["Working"] != "Passed" {
				continue
			}
			outcome := Probe(t.Context(), failing{client}, vendor.target(name)).Outcome
			if outcome[probe.Working].Result != probe.Failed {
				t.Errorf("%s: an error with status 200 came to %v", name, providertest.Describe(outcome))
			}
		}
	})
}

// notary notes where requests go, and answers that a model is available and says OK.
type notary struct {
	probe.Client // It is asked over HTTP alone.
	urls         []string
}

func (n *notary) Do(_ context.Context, r probe.Request) probe.Answer {
	n.urls = append(n.urls, r.URL)
	return probe.Answer{Status: 200, Body: []byte(`{"regionAvailability":"AVAILABLE","authorizationStatus":"AUTHORIZED",
		"entitlementAvailability":"AVAILABLE","agreementAvailability":{"status":"AVAILABLE"},
		"stopReason":"end_turn","output":{"message":{"content":[{"text":"OK"}]}}}`)}
}

func TestACompletionMayHaveAHostOfItsOwn(t *testing.T) {
	target := probe.Target{
		Kind: "AIProvider", Provider: "Bedrock", Place: "eu-north-1", OptInDue: true,
		Wants: probe.AIWants{Models: []string{"nova:0"}, Completion: probe.Completion{Model: "nova:0", MaxTokens: 16}},
	}
	for base, want := range map[string][]string{
		"https://bedrock.eu-north-1.amazonaws.com": {
			"https://bedrock.eu-north-1.amazonaws.com/foundation-model-availability/nova%3A0",
			"https://bedrock-runtime.eu-north-1.amazonaws.com/model/nova%3A0/converse",
		},
		"https://gateway.example.com": { // Of the user's or the administrator's choosing: it serves all.
			"https://gateway.example.com/foundation-model-availability/nova%3A0",
			"https://gateway.example.com/model/nova%3A0/converse",
		},
	} {
		client := &notary{}
		target.BaseURL = base
		Probe(t.Context(), client, target)
		if diff := cmp.Diff(want, client.urls); diff != "" {
			t.Errorf("wrong requests (-want +got):\n%s", diff)
		}
	}
}

// FuzzCompletion has every vendor's reader of completions read any body: nothing may panic, and what is found
// is about the model that was asked.
func FuzzCompletion(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, _ int, body []byte) {
		for _, p := range All() {
			for _, step := range p.Steps {
				if !step.OptIn {
					continue
				}
				var outcome probe.Outcome
				wants := probe.AIWants{Models: []string{"m"}, Completion: probe.Completion{Model: "m", MaxTokens: 16}}
				page := &Page{Body: body, Wants: wants, Outcome: &outcome, Name: "m"}
				if step.Read(page) == nil && outcome.Equal(probe.Outcome{}) {
					t.Errorf("%s finds nothing in %q", p.Name, body)
				}
				checkSound(t, outcome, probe.Target{Wants: wants})
			}
		}
	})
}

// TestACompletionTakesNoMoreThanItsShareOfMemory reads answers that are short as text and large once decoded.
func TestACompletionTakesNoMoreThanItsShareOfMemory(t *testing.T) {
	const length, most = mostRead / 16, 32 << 20 / 16
	bodies := map[string]string{
		"many choices":           fill(length, `{"choices":[`, `{"message":{"content":"x"}}`, `]}`),
		"choices of no content":  fill(length, `{"choices":[`, `{"message":{"content":1}}`, `]}`),
		"many parts":             fill(length, `{"choices":[{"message":{"content":[`, `{"type":"text","text":"x"}`, `]}}]}`),
		"many candidates":        fill(length, `{"candidates":[`, `{"content":{"parts":[1]}}`, `]}`),
		"many parts of Gemini's": fill(length, `{"candidates":[{"content":{"parts":[`, `{"text":"x"}`, `]}}]}`),
		"a long message":         fill(length, `{"type":"message","content":[`, `{"type":"text","text":"x"}`, `]}`),
		"a long response":        fill(length, `{"status":"completed","output":[`, `{"content":[{"text":"x"}]}`, `]}`),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			for _, p := range All() {
				for _, step := range p.Steps {
					if !step.OptIn {
						continue
					}
					page := &Page{Body: []byte(body), Wants: probe.AIWants{}, Outcome: new(probe.Outcome), Name: "m"}
					before := allocated()
					_ = step.Read(page) // What it finds is no matter here.
					if took := allocated() - before; took > most {
						t.Errorf("%s: an answer of %d KiB took %d KiB, want at most %d", p.Name, len(body)>>10, took>>10, most>>10)
					}
				}
			}
		})
	}
}
