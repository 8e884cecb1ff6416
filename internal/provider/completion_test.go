// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

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

// FuzzCompletion has every vendor's reader of completions read any body: nothing may panic, and what is found
// is about the model that was asked.
func FuzzCompletion(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
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
