// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

func TestEveryKindHasAnExampleThatTheAPIServerAccepts(t *testing.T) {
	for _, kind := range target.Kinds {
		text := strings.ReplaceAll(examples[kind.Name], "<namespace>", "shop")
		objects, problems := manifest.Read(manifest.Sources{Files: []string{"-"}, Stdin: strings.NewReader(text)})
		input, more, err := manifest.Sort(objects, "default")
		if err != nil || len(problems)+len(more) > 0 || len(input.Dependencies) != 1 {
			t.Errorf("%s: expected an example of one valid object, found %d; %v %v %v", kind.Name, len(input.Dependencies), problems, more, err)
		}
		if m := suggested.FindStringSubmatch(text); m == nil || !slices.Contains(vendorsOf(kind.Name), m[1]) {
			t.Errorf("%s: expected the example to name one of %v", kind.Name, vendorsOf(kind.Name))
		}
	}
}

func TestRemediesAreOfReasonsThatExist(t *testing.T) {
	for reason := range remedies {
		if len(diagnosis.ForReason(reason)) == 0 && reason != v1alpha1.ReasonSuspended {
			t.Errorf("there is a remedy for %s, which no diagnosis has", reason)
		}
	}
}

func TestAQuestionIsUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		text           string
		object         named
		reasons        []string
		symptom        string
		wantUnderstood bool
	}{
		"an object":                      {"emailprovider/transactional", named{"EmailProvider", "transactional"}, nil, "", true},
		"an object by a short name":      {"ai/chat", named{"AIProvider", "chat"}, nil, "", true},
		"an object in two words":         {"aiproviders chat", named{"AIProvider", "chat"}, nil, "", true},
		"an object as kubectl prints it": {"emailprovider.mainstay.dev/news", named{"EmailProvider", "news"}, nil, "", true},
		"a reason":                       {"DomainNotVerified", named{}, []string{"DomainNotVerified"}, "", true},
		"a reason in other letters":      {"domainnotverified", named{}, []string{"DomainNotVerified"}, "", true},
		"a reason within a line":         {"Healthy False InvalidAPIKey: what is it?", named{}, []string{"InvalidAPIKey"}, "", true},
		"a symptom":                      {"emails not sending", named{}, nil, "emails not sending", true},
		"a path is no object":            {"GET /v1/models 401", named{}, nil, "401 invalid_api_key", true},
		"nothing, which asks for all":    {"", named{}, nil, "", true},
		"what nobody understands":        {"frobnicate", named{}, nil, "", false},
		"a reason with letters mixed up": {"DomainNotVerifed", named{}, nil, "", false},
		"a kind that Mainstay has not":   {"deployment/web", named{}, nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			q := ask(c.text)
			symptom := ""
			if len(q.symptoms) > 0 {
				symptom = q.symptoms[0].Name
			}
			if q.object != c.object || !cmp.Equal(q.reasons, c.reasons) || symptom != c.symptom || q.understood() != c.wantUnderstood {
				t.Errorf("found object %v, reasons %v, symptom %q, understood %v", q.object, q.reasons, symptom, q.understood())
			}
			if !c.wantUnderstood && len(q.nearest()) == 0 {
				t.Error("expected the nearest symptoms, not a dead end")
			}
		})
	}
	if near := ask("DomainNotVerifed").nearest(); !slices.Contains(near, "DomainNotVerified") {
		t.Errorf("expected the reason that was meant, found %v", near)
	}
}

func TestAMessageIsSplitIntoWhatWasSeenAndWhatToDo(t *testing.T) {
	s := diagnosis.Subject{
		Kind: "AIProvider", Name: "chat", Namespace: "shop", SecretName: "openai",
		Terms: probe.Terms{Provider: "OpenAI", Host: "llm:443", Credential: "API key", Keys: []string{"apiKey"}},
	}
	for reason, want := range map[string][3]string{
		v1alpha1.ReasonInvalidAPIKey: {
			"OpenAI rejects the API key in Secret openai (key apiKey).",
			"Check that it was copied in full, or create a new one at OpenAI and put it there.", "",
		},
		v1alpha1.ReasonConsentMissing: {
			"Secret openai does not allow its key to be sent to llm:443.", "If it may:",
			"kubectl annotate secret -n shop openai mainstay.dev/allowed-hosts=llm:443",
		},
	} {
		seen, advice, command := split(strings.TrimSpace(want[0]+" "+want[1]+" "+want[2]), reason, s)
		if diff := cmp.Diff(want, [3]string{seen, advice, command}); diff != "" {
			t.Errorf("%s (-want +found):\n%s", reason, diff)
		}
	}
}

func TestAnswersFitTheScreen(t *testing.T) {
	c := newCluster(surroundings{now: func() time.Time { return now }, env: func(string) (string, bool) { return "", false }})
	c.namespace = "shop"
	text := c.render(answer{
		Caller:   caller{User: "jane", Namespace: "shop", Context: "prod"},
		Symptoms: []meaning{{"emails not sending", strings.Repeat("word ", 60)}},
		Causes:   []cause{{Object: "emailprovider/mail", Reason: "X", Seen: strings.Repeat("seen ", 60), Advice: strings.Repeat("do ", 60)}},
		Well:     strings.Repeat("well ", 60),
	})
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > width {
			t.Errorf("line of %d columns: %q", len(line), line)
		}
	}
}
