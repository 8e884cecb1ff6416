// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package symptom_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/symptom"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// TestWhatPeopleTypeIsUnderstood holds what users type against the symptom that is meant first.
func TestWhatPeopleTypeIsUnderstood(t *testing.T) {
	for typed, want := range map[string]string{
		"401 invalid_api_key":               "401 invalid_api_key",
		"401":                               "401 invalid_api_key",
		"Error: Unauthorized":               "401 invalid_api_key",
		"Incorrect API key provided: sk-…":  "401 invalid_api_key",
		"403 insufficient_scope":            "403 insufficient_scope",
		"you have insufficient permissions": "403 insufficient_scope",
		"403 forbidden":                     "403 forbidden",
		"403":                               "403 forbidden",
		"new row violates row-level security policy": "403 forbidden",
		"429":                                           "429 rate_limited",
		"429 rate_limited":                              "429 rate_limited",
		"Too Many Requests":                             "429 rate_limited",
		"429 insufficient_quota":                        "402 quota used up",
		"AI returns nothing":                            "AI returns nothing",
		"the model gives an empty answer":               "AI returns nothing",
		"emails not sending":                            "emails not sending",
		"no emails are sent":                            "emails not sending",
		"our mails don't arrive":                        "emails not sending",
		"webhook not received":                          "webhook not received",
		"webhooks missing":                              "webhook not received",
		"login does not work":                           "login does not work",
		"users cannot sign in":                          "login does not work",
		"error: invalid_client":                         "login does not work",
		"jwks not found":                                "login does not work",
		"confirmation email not arriving":               "login does not work",
		"dial tcp: lookup api.openai.com: no such host": "provider cannot be reached",
		"x509: certificate signed by unknown authority": "provider cannot be reached",
		"context deadline exceeded":                     "provider cannot be reached",
		"No signatures found matching the expected signature for payload": "webhook signature is wrong",
		"webhook signature verification failed":                           "webhook signature is wrong",
	} {
		t.Run(typed, func(t *testing.T) {
			matched := symptom.Match(typed)
			if len(matched) == 0 || matched[0].Name != want {
				t.Errorf("expected %q, found %v", want, names(matched))
			}
		})
	}
}

func names(symptoms []symptom.Symptom) []string {
	var names []string
	for _, s := range symptoms {
		names = append(names, s.Name)
	}
	return names
}

func TestTwoSymptomsInOneTextAreBothHeard(t *testing.T) {
	want := []string{"401 invalid_api_key", "emails not sending"}
	if diff := cmp.Diff(want, names(symptom.Match("emails 401"))); diff != "" {
		t.Error(diff)
	}
	if got := names(symptom.Match("403 insufficient_scope")); len(got) != 1 {
		t.Errorf("expected the scope alone, found %v", got)
	}
}

func TestWhatNobodyUnderstandsGetsTheNearest(t *testing.T) {
	for typed, want := range map[string][]string{
		"wehbook":           {"webhook not received"},
		"emial":             {"emails not sending"},
		"unauthorised":      {"401 invalid_api_key", "403 forbidden"},
		"it does not work":  names(symptom.All()),
		"":                  names(symptom.All()),
		"ünïcödé \x00 \xff": names(symptom.All()),
	} {
		if found := symptom.Match(typed); len(found) > 0 {
			t.Errorf("%q: expected no match, found %v", typed, names(found))
		}
		got := symptom.Nearest(typed)
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("%q: expected %q among %v", typed, name, got)
			}
		}
	}
}

// TestEveryFaultHasASymptom lets no cause be one that no symptom leads to.
func TestEveryFaultHasASymptom(t *testing.T) {
	for _, d := range diagnosis.All() {
		led := slices.ContainsFunc(symptom.All(), func(s symptom.Symptom) bool {
			return slices.Contains(s.Reasons, d.Reason) || len(s.Reasons) == 0 && d.Symptom.Stage() >= probe.Provisioned
		})
		ofSets := []probe.Symptom{probe.MemberNotFound, probe.TooFewMembers, probe.ProviderNotSupported, probe.NoAIProvider, probe.NoEmailProvider, probe.NoPublicAPI, probe.NoStripeAccount, probe.NoWebhookEndpoint, probe.NoAccessCheck, probe.NoAuthProvider, probe.SMTPStub, probe.TransportStub}
		if !led && !slices.Contains(ofSets, d.Symptom) {
			t.Errorf("no symptom leads to %s", d.Reason)
		}
	}
}

func TestRowsOfTheTable(t *testing.T) {
	for _, s := range symptom.All() {
		if s.Means == "" || !strings.HasSuffix(s.Means, ".") || len(s.Phrases) == 0 {
			t.Errorf("%s: expected a sentence and phrases", s.Name)
		}
		for _, reason := range s.Reasons {
			if len(diagnosis.ForReason(reason)) == 0 {
				t.Errorf("%s: no diagnosis has the reason %s", s.Name, reason)
			}
		}
		if matched := symptom.Match(s.Name); len(matched) == 0 || matched[0].Name != s.Name {
			t.Errorf("the name %q does not lead to itself but to %v", s.Name, names(matched))
		}
	}
}
