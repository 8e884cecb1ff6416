// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// scrape returns all metrics as text.
func scrape(t *testing.T) string {
	t.Helper()
	text, err := gather(world.registry)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func gather(registry *prometheus.Registry) (string, error) {
	families, err := registry.Gather()
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func TestObjectDeletedInMidProbeLeavesNoTrace(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	endpoint, asked, gone := hang(t)
	ai := openAI(namespace)
	ai.Spec.Provider, ai.Spec.Endpoint, ai.Spec.SecretRef = "OpenAICompatible", endpoint, nil
	ai.Spec.PeriodSeconds, ai.Spec.TimeoutSeconds = 300, 300
	create(t, ai)
	<-asked
	if err := world.admin.Delete(t.Context(), ai); err != nil {
		t.Fatal(err)
	}
	<-gone
	if got := scrape(t); strings.Contains(got, namespace) {
		t.Errorf("expected no series of the deleted object in:\n%s", got)
	}
}

func TestRestartChangesNothing(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	credential := key(t)
	ai := openAI(namespace)
	ai.Spec.FailureThreshold = 1
	create(t, secret(namespace, credential), ai)
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	before := ai.ResourceVersion

	// A second operator stands for the one that takes over. It has no memory but the status.
	registry := prometheus.NewRegistry()
	stop, err := startOperator(registry)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	other := openAI(newNamespace(t))
	create(t, secret(other.Namespace, key(t)), other)
	waitForReason(t, other, v1alpha1.ReasonPassed)
	waitFor(t, ai, "the status to stand", func() bool { return true })
	if ai.ResourceVersion != before {
		t.Errorf("expected no write for an object that was judged already, found:\n%s", shown(ai))
	}

	world.vendors["OpenAI"].PlayFor(credential, providertest.Unauthorized)
	probeNow(t, ai, "after the restart")
	waitForReason(t, ai, v1alpha1.ReasonAPIKeyRevokedOrExpired)
}

func TestInvalidSpecIsRefusedWithAClearMessage(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for name, c := range map[string]struct {
		change func(*v1alpha1.AIProvider)
		says   []string
	}{
		"unknown provider": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Provider = "OpenAPI" },
			[]string{"spec.provider", `"OpenAPI"`, "OpenAI"},
		},
		"no Secret named": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.SecretRef = nil },
			[]string{"spec.secretRef", "required for provider OpenAI"},
		},
		"endpoint missing": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Provider = "OpenAICompatible" },
			[]string{"spec.endpoint", "required for provider OpenAICompatible"},
		},
		"endpoint for nobody": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Provider, ai.Spec.Endpoint = "None", "https://x.example/v1" },
			[]string{"spec.endpoint", "does not apply to provider None"},
		},
		"endpoint of another scheme": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Endpoint = "ftp://x.example" },
			[]string{"spec.endpoint", "http or https", "ftp://x.example"},
		},
		"endpoint with a credential": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Endpoint = "https://user@x.example" },
			[]string{"spec.endpoint", "belong into the Secret"},
		},
		"endpoint that would run in a shell": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Endpoint = "https://$(reboot)/v1" },
			[]string{"spec.endpoint", "http or https"},
		},
		"endpoint with two hosts": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Endpoint = "https://x,evil.example/v1" },
			[]string{"spec.endpoint", "http or https"},
		},
		"endpoint that is turned around": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Endpoint = "https://a%E2%80%AEb.example/v1" },
			[]string{"spec.endpoint", "http or https"},
		},
		"endpoint with a port that is none": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Endpoint = "https://x.example:99999/v1" },
			[]string{"spec.endpoint", "port from 1 to 65535"},
		},
		"timeout above period": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.TimeoutSeconds, ai.Spec.PeriodSeconds = 30, 20 },
			[]string{"spec.timeoutSeconds", "not be greater than spec.periodSeconds"},
		},
		"period too short": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.PeriodSeconds = 1 },
			[]string{"spec.periodSeconds", "10"},
		},
		"model twice": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.Models = []string{"a", "a"} },
			[]string{"spec.models", "Duplicate"},
		},
		"unknown gate": {
			func(ai *v1alpha1.AIProvider) { ai.Spec.ReadyWhen = "Reachable" },
			[]string{"spec.readyWhen", "Reachable", "Provisioned"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ai := openAI(namespace)
			c.change(ai)
			err := world.admin.Create(t.Context(), ai)
			if err == nil {
				t.Fatal("expected the API server to refuse it")
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("expected %q in the message %q", word, err)
				}
			}
		})
	}
}

func TestEndpointsThatPeopleUseAreAdmitted(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for i, endpoint := range []string{
		"https://llm.example.com/v1", "http://llm:8000", "https://llm.shop.svc.cluster.local:8443/v1/",
		"https://10.0.0.1/openai/v1", "https://[2001:db8::1]:8443/v1", "https://my_llm.example.com/a%20b", "https://example.com.",
	} {
		ai := openAI(namespace)
		ai.Name, ai.Spec.Endpoint, ai.Spec.Suspend = fmt.Sprint("endpoint-", i), endpoint, true
		if err := world.admin.Create(t.Context(), ai); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestDefaultsOfAnEmptySpec(t *testing.T) {
	t.Parallel()
	ai := &v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Namespace: newNamespace(t), Name: "assistant"}}
	create(t, ai)
	s := ai.Spec
	if s.Provider != "None" || s.PeriodSeconds != 60 || s.TimeoutSeconds != 10 || s.FailureThreshold != 3 ||
		s.SuccessThreshold != 1 || s.ReadyWhen != v1alpha1.ReadyWhenProvisioned || ai.Status.ObservedGeneration != -1 {
		t.Errorf("unexpected defaults: %+v %+v", s, ai.Status)
	}
}

// leaks looks for the canary in all that the tests left behind: logs, metrics, objects and events.
func leaks() error {
	var everything strings.Builder
	everything.WriteString(world.log.String())
	metrics, err := gather(world.registry)
	if err != nil {
		return err
	}
	everything.WriteString(metrics)
	var (
		ais    v1alpha1.AIProviderList
		emails v1alpha1.EmailProviderList
		sets   v1alpha1.DependencySetList
		events eventsv1.EventList
	)
	ctx := context.Background()
	err = errors.Join(world.admin.List(ctx, &ais), world.admin.List(ctx, &emails), world.admin.List(ctx, &sets), world.admin.List(ctx, &events))
	if err != nil {
		return err
	}
	if len(ais.Items) == 0 || len(events.Items) == 0 || world.log.String() == "" {
		return errors.New("expected objects, events and a log to search in")
	}
	for _, list := range []any{ais, emails, sets, events} {
		data, err := json.Marshal(list)
		if err != nil {
			return err
		}
		everything.Write(data)
	}
	text := everything.String()
	for _, form := range forms(canary) {
		if i := strings.Index(text, form); i >= 0 {
			return fmt.Errorf("a credential leaked: …%s…", text[max(0, i-200):min(len(text), i+200)])
		}
	}
	return nil
}

// forms are the ways in which a text can be found inside another: as it is, and as a part of something in
// base64, where it looks different at each of three places.
func forms(text string) []string {
	found := []string{text}
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", before) + text))
		// The first and the last characters depend on what stands beside the text.
		found = append(found, encoded[(before*8+5)/6:len(encoded)-1])
	}
	return found
}
