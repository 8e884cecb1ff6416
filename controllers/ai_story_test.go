// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// symptom is what a developer sees of an AI provider, and where it has to lead.
type symptom struct {
	// change makes the object, which is one of OpenAI otherwise.
	change func(*v1alpha1.AIProviderSpec)
	// played is what the provider answers. worked says that it was in good health at first.
	played string
	worked bool

	healthy, ready metav1.ConditionStatus
	reason         string
	blame          diagnosis.Blame
	says           string
}

// asks opts in to a completion of a model.
func asks(model string, tokens int32) func(*v1alpha1.AIProviderSpec) {
	return func(spec *v1alpha1.AIProviderSpec) {
		spec.Completion = &v1alpha1.CompletionSpec{Model: model, MaxOutputTokens: tokens}
	}
}

func calls(models ...string) func(*v1alpha1.AIProviderSpec) {
	return func(spec *v1alpha1.AIProviderSpec) { spec.Models = models }
}

// at takes another provider than OpenAI.
func at(vendor v1alpha1.AIVendor) func(*v1alpha1.AIProviderSpec) {
	return func(spec *v1alpha1.AIProviderSpec) { spec.Provider = vendor }
}

// TestEverySymptomOfTheAILeadsToItsCause goes from the object to the condition, the event and the metric.
func TestEverySymptomOfTheAILeadsToItsCause(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]symptom{
		"the AI returns nothing since no provider is configured": {
			change:  func(spec *v1alpha1.AIProviderSpec) { spec.Provider, spec.SecretRef = "None", nil },
			healthy: "False", ready: "False", reason: v1alpha1.ReasonNoAIProvider, blame: diagnosis.Owner, says: "Set spec.provider",
		},
		"the AI returns nothing since the model does not exist": {
			change:  calls("gpt-9"),
			healthy: "False", ready: "False", reason: v1alpha1.ReasonModelNotAvailable, blame: diagnosis.Owner, says: "gpt-9",
		},
		"the AI returns nothing since the model answers without a word": {
			change: asks("gpt-4o-mini", 256), played: "completion is empty",
			healthy: "False", ready: "True", reason: v1alpha1.ReasonEmptyOutput, blame: diagnosis.Provider, says: "gpt-4o-mini",
		},
		"the AI returns nothing since a filter keeps it back": {
			change: asks("gpt-4o-mini", 256), played: "completion is filtered",
			healthy: "False", ready: "True", reason: v1alpha1.ReasonOutputBlocked, blame: diagnosis.Owner, says: "content filters",
		},
		"the AI returns nothing since credit is used up": {
			change: asks("gpt-4o-mini", 256), played: "completion without credit",
			healthy: "False", ready: "True", reason: v1alpha1.ReasonQuotaExhausted, blame: diagnosis.Owner, says: "billing",
		},
		"the AI returns nothing since the model reasons for too long": {
			change: asks("o9", 32), played: "completion of a model that reasons for too long",
			healthy: "Unknown", ready: "True", reason: v1alpha1.ReasonProbeBudgetTooSmall, blame: diagnosis.Owner, says: "maxOutputTokens",
		},
		"401 since the key is wrong": {
			played:  providertest.Unauthorized,
			healthy: "False", ready: "False", reason: v1alpha1.ReasonInvalidAPIKey, blame: diagnosis.Owner, says: "Secret credential (key apiKey)",
		},
		"401 since the key was revoked": {
			worked: true, played: providertest.Unauthorized,
			healthy: "False", ready: "False", reason: v1alpha1.ReasonAPIKeyRevokedOrExpired, blame: diagnosis.Owner, says: "revoked or has expired",
		},
		"401 since the key has expired, where the provider says it": {
			change: at("Gemini"), played: "the key has expired",
			healthy: "False", ready: "False", reason: v1alpha1.ReasonAPIKeyExpired, blame: diagnosis.Owner, says: "has expired",
		},
		"403 since the key lacks a scope": {
			change: calls("gpt-4o-mini"), played: "missing scope for a model that is asked for",
			healthy: "False", ready: "False", reason: v1alpha1.ReasonInsufficientScope, blame: diagnosis.Owner, says: "api.model.read",
		},
		"403 since the key may list models and not run them": {
			change: asks("gpt-4o-mini", 256), played: "completion that the key has no scope for",
			healthy: "False", ready: "False", reason: v1alpha1.ReasonInsufficientScope, blame: diagnosis.Owner, says: "model.request",
		},
		"429 since the app uses up the limit": {
			worked: true, played: providertest.RateLimited,
			healthy: "False", ready: "True", reason: v1alpha1.ReasonRateLimited, blame: diagnosis.Owner, says: "back off",
		},
		"429 since the requests of the day are used up": {
			change: at("Gemini"), played: "the requests of the day are used up",
			healthy: "False", ready: "True", reason: v1alpha1.ReasonQuotaExhausted, blame: diagnosis.Owner, says: "billing",
		},
	} {
		t.Run(name, s.run)
	}
}

func (s symptom) run(t *testing.T) {
	namespace, credential := newNamespace(t), key(t)
	ai := openAI(namespace)
	ai.Spec.FailureThreshold = 1 // Counting is held by other tests.
	if s.change != nil {
		s.change(&ai.Spec)
	}
	if ai.Spec.Provider == "Gemini" {
		credential = strings.Replace(credential, "sk-", "AIza", 1)
	}
	vendor := world.vendors[string(ai.Spec.Provider)]
	if !s.worked && s.played != "" {
		vendor.PlayFor(credential, s.played)
	}
	create(t, secret(namespace, credential), ai)
	if s.worked {
		waitForReason(t, ai, v1alpha1.ReasonPassed)
		vendor.PlayFor(credential, s.played)
		probeNow(t, ai, "now")
	}
	cause := waitForReason(t, ai, s.reason)
	if cause.Status != s.healthy || !strings.Contains(cause.Message, s.says) {
		t.Errorf("expected Healthy %s with %q in its message, found:\n%s", s.healthy, s.says, shown(ai))
	}
	if ready := condition(ai, v1alpha1.ConditionReady); ready.Status != s.ready {
		t.Errorf("expected Ready %s, found:\n%s", s.ready, shown(ai))
	}
	if e := waitForEvent(t, ai, s.reason); !strings.Contains(e.Note, s.says) {
		t.Errorf("expected %q in the note of the event, found %q", s.says, e.Note)
	}
	secretName := ""
	if ai.Spec.SecretRef != nil {
		secretName = ai.Spec.SecretRef.Name
	}
	want := fmt.Sprintf(`mainstay_dependency_verdict{blame=%q,healthy=%q,kind="AIProvider",name="assistant",namespace=%q,provider=%q,ready=%q,reason=%q,secret=%q} 1`,
		s.blame, s.healthy, namespace, ai.Spec.Provider, s.ready, s.reason, secretName)
	if got := scrape(t); !strings.Contains(got, want) {
		t.Errorf("expected the metric %s, found:\n%s", want, about(got, namespace))
	}
}

// about returns the lines of a text that hold a word.
func about(text, word string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

func TestHeadRoomOfACompletionIsShown(t *testing.T) {
	t.Parallel()
	namespace, credential := newNamespace(t), key(t)
	ai := openAI(namespace)
	asks("gpt-4o-mini", 256)(&ai.Spec)
	world.vendors["OpenAI"].PlayFor(credential, "completion answers")
	create(t, secret(namespace, credential), ai)
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	if room := ai.Status.Headroom; len(room) != 1 || room[0].Resource != "requests" || *room[0].Limit != 10000 || *room[0].UsedPercent != 0 {
		t.Errorf("expected what is left of 10000 requests in the status, found %+v", room)
	}
	got := about(scrape(t), namespace)
	for _, want := range []string{
		`mainstay_provider_limit{kind="AIProvider",name="assistant",namespace="` + namespace + `",provider="OpenAI",resource="requests"} 10000`,
		`mainstay_provider_remaining{kind="AIProvider",name="assistant",namespace="` + namespace + `",provider="OpenAI",resource="requests"} 9999`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("expected the metric %s, found:\n%s", want, got)
		}
	}
}

func TestADeploymentThatNoFreeRequestShowsIsProvenByACompletion(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	ai := openAI(namespace)
	ai.Spec.Provider, ai.Spec.Models = "AzureOpenAI", []string{"chat"}
	ai.Spec.AzureOpenAI = &v1alpha1.AzureOpenAISpec{Resource: "shop"}
	create(t, secret(namespace, key(t)), ai)
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	if c := condition(ai, "Provisioned"); c.Status != metav1.ConditionUnknown || c.Reason != v1alpha1.ReasonModelNotVisible {
		t.Errorf("expected that nobody knows of the deployment, found:\n%s", shown(ai))
	}
	if ready := condition(ai, v1alpha1.ConditionReady); ready.Status != metav1.ConditionTrue || ready.Reason != v1alpha1.ReasonUnproven {
		t.Errorf("expected Ready True Unproven, found %+v", ready)
	}
	update(t, ai, func() { asks("chat", 256)(&ai.Spec) })
	waitFor(t, ai, "the proof of the deployment", func() bool {
		c := condition(ai, "Provisioned")
		return c.Status == metav1.ConditionTrue && c.ObservedGeneration == ai.Generation
	})
	probeNow(t, ai, "without a completion")
	if c := condition(ai, "Provisioned"); c.Status != metav1.ConditionTrue {
		t.Errorf("a free probe took back what a completion proved:\n%s", shown(ai))
	}
}

func TestBedrockSaysWhichOfFourCausesItIs(t *testing.T) {
	t.Parallel()
	fixture, err := providertest.Find("AIProvider", "Bedrock")
	if err != nil {
		t.Fatal(err)
	}
	for played, c := range map[string]struct{ reason, says string }{
		"the agreement is missing":           {v1alpha1.ReasonModelAgreementPending, "accepted the agreement"},
		"the account is not authorized":      {v1alpha1.ReasonModelNotAvailable, "is not authorized to use"},
		"the account is not entitled":        {v1alpha1.ReasonModelNotAvailable, "has no access to"},
		"the region does not have the model": {v1alpha1.ReasonModelNotAvailable, "in this region"},
	} {
		t.Run(played, func(t *testing.T) {
			namespace := newNamespace(t)
			world.vendors["Bedrock"].PlayFor(fixture.Credential.AccessKeyID, played)
			s := secret(namespace, "")
			s.StringData = map[string]string{"accessKeyID": fixture.Credential.AccessKeyID, "secretAccessKey": fixture.Credential.Sample}
			ai := openAI(namespace)
			ai.Spec.Provider, ai.Spec.Bedrock = "Bedrock", &v1alpha1.BedrockSpec{Region: fixture.Place}
			ai.Spec.Models = []string{"anthropic.claude-haiku-4-5-20251001-v1:0"}
			create(t, s, ai)
			cause := waitForReason(t, ai, c.reason)
			if !strings.Contains(cause.Message, c.says) || !strings.Contains(cause.Message, ai.Spec.Models[0]) {
				t.Errorf("expected %q and the model in the message, found %q", c.says, cause.Message)
			}
			// What the first call may yet bring stops no rollout.
			stops := c.reason == v1alpha1.ReasonModelNotAvailable
			if ready := condition(ai, "Ready"); (ready.Status == metav1.ConditionFalse) != stops {
				t.Errorf("expected Ready False to be %t, found:\n%s", stops, shown(ai))
			}
		})
	}
}
