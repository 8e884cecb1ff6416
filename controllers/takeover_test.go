// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

// elected has an operator probe only while it holds a Lease. Its connection to the API server can be cut.
func elected(namespace string, cut *atomic.Bool) func(*setup) {
	lease, renew, retry := 4*time.Second, 2*time.Second, 500*time.Millisecond
	return func(s *setup) {
		s.config = rest.CopyConfig(s.config)
		s.config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				if cut.Load() {
					return nil, errors.New("the connection is cut")
				}
				return next.RoundTrip(r)
			})
		})
		s.manager.LeaderElection, s.manager.LeaderElectionID = true, "takeover"
		s.manager.LeaderElectionNamespace = namespace
		s.manager.LeaseDuration, s.manager.RenewDeadline, s.manager.RetryPeriod = &lease, &renew, &retry
	}
}

// TestATakeoverChangesNoVerdict cuts a leader's connection in mid-work. Another takes over when its Lease
// has run out.
func TestATakeoverChangesNoVerdict(t *testing.T) {
	t.Parallel()
	const objects = 60
	var cut, whole atomic.Bool
	lease := newNamespace(t)
	c := newCrowd(t, objects, func(i int) bool { return i == 0 }, elected(lease, &cut))
	c.judged()
	before := c.versions()

	cut.Store(true)
	second := prometheus.NewRegistry()
	stop, err := startOperator(second, c.operator, elected(lease, &whole))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	c.registry = second
	led := time.Now()
	for c.sent() == 0 {
		c.server.after(t, 1)
	}
	t.Logf("the second operator probed first after %s", time.Since(led).Round(time.Millisecond))
	// One period, in which every object has its own moment.
	c.server.after(t, objects)
	for host, n := range c.server.perHost() {
		if n < 2 {
			t.Errorf("%s: expected a probe of the second operator, found %d in all", host, n)
		}
	}
	for name, version := range c.versions() {
		// The hanging one is counted anew, and says nothing new.
		if version != before[name] {
			t.Errorf("%s: expected no write by who takes over, found version %s after %s", name, version, before[name])
		}
	}
	if most := c.server.mostInASecond(); most > objects/2 {
		t.Errorf("expected the probes to be spread over a period, found %d of %d in one second", most, objects)
	}
}

// TestProbesEndBeforeTheLeaseIsReleased stops a leader while a probe hangs, and looks at what is in flight when
// it says that another may lead.
func TestProbesEndBeforeTheLeaseIsReleased(t *testing.T) {
	t.Parallel()
	var whole atomic.Bool
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	namespace, registry := newNamespace(t), prometheus.NewRegistry()
	endpoint, asked, _ := hang(t)
	ai := openAI(namespace)
	ai.Labels = map[string]string{aloneLabel: namespace}
	ai.Spec.Provider, ai.Spec.Endpoint, ai.Spec.SecretRef = "OpenAICompatible", endpoint, nil
	ai.Spec.PeriodSeconds, ai.Spec.TimeoutSeconds = 300, 300
	create(t, ai)
	released := make(chan string, 1)
	stop, err := startOperator(registry, func(s *setup) { s.alone(namespace) }, elected(namespace, &whole), func(s *setup) {
		s.manager.LeaderElectionReleaseOnCancel = true
		s.config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				// Who holds a Lease writes its name there, which begins with that of the machine.
				if strings.Contains(r.URL.Path, "/leases/") && r.Method == http.MethodPut && !strings.Contains(bodyOf(r), host) {
					metrics, _ := gather(registry)
					released <- metrics
				}
				return next.RoundTrip(r)
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	if metrics, _ := gather(registry); !strings.Contains(metrics, "mainstay_probes_in_flight 1") {
		t.Fatalf("expected a probe in flight in:\n%s", metrics)
	}
	stop()
	select {
	case metrics := <-released:
		if !strings.Contains(metrics, "mainstay_probes_in_flight 0") {
			t.Errorf("expected no probe in flight when the Lease is released, found:\n%s", metrics)
		}
	default:
		t.Error("expected the Lease to be released")
	}
}

// bodyOf reads the body of a request, and leaves it for the next reader.
func bodyOf(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

// versions are the resource versions of the objects.
func (c *crowd) versions() map[string]string {
	c.Helper()
	var list v1alpha1.AIProviderList
	if err := world.admin.List(context.Background(), &list, client.InNamespace(c.namespace)); err != nil {
		c.Fatal(err)
	}
	versions := map[string]string{}
	for _, object := range list.Items {
		versions[object.Name] = object.ResourceVersion
	}
	return versions
}

// sent is how many probes the operator sent.
func (c *crowd) sent() (n float64) {
	families, err := c.registry.Gather()
	if err != nil {
		c.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "mainstay_probes_total" {
			continue
		}
		for _, series := range family.GetMetric() {
			n += series.GetCounter().GetValue()
		}
	}
	return n
}
