// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// overheard are the requests for Secrets and ConfigMaps that an operator sent to the API server.
type overheard struct {
	http.RoundTripper
	mu       *sync.Mutex
	requests *[]string
}

func (o overheard) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/secrets") || strings.Contains(r.URL.Path, "/configmaps") {
		o.mu.Lock()
		*o.requests = append(*o.requests, r.Method+" "+r.URL.RequestURI())
		o.mu.Unlock()
	}
	return o.RoundTripper.RoundTrip(r)
}

// TestSecretsAreReadByNameAlone runs an operator under the role that cannot list or watch Secrets. A Secret that
// is missing is created, a key that is wrong is mended, and consent is given; nobody tells the operator.
func TestSecretsAreReadByNameAlone(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var requests []string
	stop, err := startOperator(prometheus.NewRegistry(), func(s *setup) {
		s.config = rest.CopyConfig(world.getOnly)
		s.config.Wrap(func(rt http.RoundTripper) http.RoundTripper { return overheard{rt, &mu, &requests} })
		s.options.GetSecretsOnly = true
		s.alone("get-only")
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	labelled := func(object client.Object) { object.SetLabels(map[string]string{aloneLabel: "get-only"}) }

	missing := openAI(newNamespace(t))
	wrong, wrongKey := openAI(newNamespace(t)), key(t)
	world.vendors["OpenAI"].PlayFor(wrongKey, providertest.Unauthorized)
	wrongSecret := secret(wrong.Namespace, wrongKey)
	unconsented := openAI(newNamespace(t))
	unconsented.Spec.Provider, unconsented.Spec.Endpoint = "OpenAICompatible", world.urls["OpenAI"]
	unconsentedSecret := secret(unconsented.Namespace, key(t))
	for _, ai := range []*v1alpha1.AIProvider{missing, wrong, unconsented} {
		labelled(ai)
	}
	create(t, wrongSecret, unconsentedSecret, missing, wrong, unconsented)
	waitForReason(t, missing, v1alpha1.ReasonSecretNotFound)
	waitForReason(t, wrong, v1alpha1.ReasonInvalidAPIKey)
	waitForReason(t, unconsented, v1alpha1.ReasonConsentMissing)

	create(t, secret(missing.Namespace, key(t)))
	update(t, wrongSecret, func() { wrongSecret.StringData = map[string]string{"apiKey": key(t)} })
	update(t, unconsentedSecret, func() {
		host := strings.TrimPrefix(strings.TrimSuffix(world.urls["OpenAI"], "/v1"), "http://")
		unconsentedSecret.Annotations = map[string]string{v1alpha1.AllowedHostsAnnotation: host}
	})
	for _, ai := range []*v1alpha1.AIProvider{missing, wrong, unconsented} {
		waitForReason(t, ai, v1alpha1.ReasonPassed)
	}

	mu.Lock()
	defer mu.Unlock()
	byName := func(r string) bool {
		return strings.HasPrefix(r, "GET ") && strings.HasSuffix(r, "/secrets/credential")
	}
	if others := slices.DeleteFunc(slices.Clone(requests), byName); len(requests) == 0 || len(others) > 0 {
		t.Errorf("expected Secrets to be read by name and in no other way, found %d requests, and these:\n%s",
			len(requests), strings.Join(others, "\n"))
	}
}
