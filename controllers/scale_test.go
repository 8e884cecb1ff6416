// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// crowd is many objects, each at a host of its own, with an operator of their own.
type crowd struct {
	*testing.T
	namespace string
	server    *manyHosts
	registry  *prometheus.Registry
	api       *apiCounter
	objects   []*v1alpha1.AIProvider
}

// manyHosts is one server that is reached under many addresses of this machine, and counts the requests
// to each.
type manyHosts struct {
	port string

	mu    sync.Mutex
	asked map[string]int
	total int
	// perSecond counts the requests by the second in which they came, from the last call of after.
	perSecond map[int64]int
	// enough is closed once there was what is wanted.
	wanted func() bool
	enough chan struct{}
}

func serveManyHosts(t *testing.T, hanging func(host string) bool) *manyHosts {
	t.Helper()
	m := &manyHosts{asked: map[string]int{}, perSecond: map[int64]int{}}
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		m.count(host)
		if hanging(host) {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, `{"object":"list","data":[]}`)
	}))
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	_, m.port, _ = net.SplitHostPort(listener.Addr().String())
	return m
}

func (m *manyHosts) count(host string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked[host]++
	m.total++
	m.perSecond[time.Now().Unix()]++
	if m.enough != nil && m.wanted() {
		close(m.enough)
		m.enough = nil
	}
}

// after returns once there were n more requests.
func (m *manyHosts) after(t *testing.T, n int) {
	t.Helper()
	m.mu.Lock()
	wanted := m.total + n
	m.perSecond = map[int64]int{}
	m.mu.Unlock()
	m.await(t, fmt.Sprintf("%d more requests", n), func() bool { return m.total >= wanted })
}

// afterEach returns once each host was asked n more times.
func (m *manyHosts) afterEach(t *testing.T, hosts []string, n int) {
	t.Helper()
	before := m.perHost()
	m.await(t, fmt.Sprintf("%d more requests to each of %d hosts", n, len(hosts)), func() bool {
		for _, host := range hosts {
			if m.asked[host] < before[host]+n {
				return false
			}
		}
		return true
	})
}

func (m *manyHosts) await(t *testing.T, what string, satisfied func() bool) {
	t.Helper()
	m.mu.Lock()
	enough := make(chan struct{})
	if m.wanted, m.enough = satisfied, enough; satisfied() {
		close(enough)
		m.enough = nil
	}
	m.mu.Unlock()
	select {
	case <-enough:
	case <-time.After(5 * patience): // On a busy machine a thousand objects take a while.
		t.Fatalf("waited in vain for %s", what)
	}
}

// mostInASecond is how many requests came in the busiest second since after was called.
func (m *manyHosts) mostInASecond() (most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.perSecond {
		most = max(most, n)
	}
	return most
}

// perHost is how often each host was asked.
func (m *manyHosts) perHost() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := map[string]int{}
	for host, n := range m.asked {
		asked[host] = n
	}
	return asked
}

// apiCounter counts what an operator sends to the API server.
type apiCounter struct {
	mu             sync.Mutex
	writes, events int
	perObject      map[string]int
	// perSecond counts the writes by the second in which they were sent.
	perSecond map[int64]int
	// enough is closed once as many objects as wanted were written.
	wanted int
	enough chan struct{}
}

func (c *apiCounter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		c.mu.Lock()
		switch {
		case r.Method == http.MethodGet, strings.Contains(r.URL.Path, "/leases"):
		case strings.HasSuffix(r.URL.Path, "/status"):
			c.writes++
			c.perObject[r.URL.Path]++
			c.perSecond[time.Now().Unix()]++
			if c.enough != nil && len(c.perObject) >= c.wanted {
				close(c.enough)
				c.enough = nil
			}
		case strings.HasSuffix(r.URL.Path, "/events"):
			c.events++
		}
		c.mu.Unlock()
		return next.RoundTrip(r)
	})
}

func (c *apiCounter) counts() (writes, events int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writes, c.events
}

// forget begins to count anew. What it returns is closed once so many objects were written.
func (c *apiCounter) forget(objects int) (written <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes, c.events, c.wanted, c.enough = 0, 0, objects, make(chan struct{})
	c.perObject, c.perSecond = map[string]int{}, map[int64]int{}
	return c.enough
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newCrowd creates n objects with the least period, 10 s, and an operator for them. Objects whose number
// hangs says so point at a host that never answers.
func newCrowd(t *testing.T, n int, hangs func(i int) bool, changes ...func(*setup)) *crowd {
	t.Helper()
	hanging := map[string]bool{}
	for i := range n {
		hanging[address(i)] = hangs(i)
	}
	c := &crowd{
		T: t, namespace: newNamespace(t), registry: prometheus.NewRegistry(), api: &apiCounter{},
		server: serveManyHosts(t, func(host string) bool { return hanging[host] }),
	}
	for i := range n {
		ai := &v1alpha1.AIProvider{}
		ai.Namespace, ai.Name, ai.Labels = c.namespace, fmt.Sprint("object-", i), map[string]string{aloneLabel: c.namespace}
		ai.Spec.Provider, ai.Spec.PeriodSeconds = "OpenAICompatible", 10
		ai.Spec.FailureThreshold = 10 // So that no test lasts until a hang is believed, which is a change.
		ai.Spec.Endpoint = fmt.Sprintf("http://%s:%s/v1", address(i), c.server.port)
		c.objects = append(c.objects, ai)
		create(t, ai)
	}
	c.api.forget(n)
	stop, err := startOperator(c.registry, append([]func(*setup){c.operator}, changes...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return c
}

// operator is the setup of the crowd's operator.
func (c *crowd) operator(s *setup) {
	s.alone(c.namespace)
	s.config = rest.CopyConfig(s.config)
	s.config.QPS = -1
	s.config.Wrap(c.api.wrap)
	s.options.MaxInFlight = 256
}

func address(i int) string { return fmt.Sprintf("127.1.%d.%d", i/250, i%250+1) }

// judged waits until every object has a verdict.
func (c *crowd) judged() {
	c.Helper()
	for _, object := range c.objects {
		waitFor(c.T, object, "a verdict", func() bool {
			healthy := condition(object, v1alpha1.ConditionHealthy)
			return healthy != nil && healthy.Reason != v1alpha1.ReasonProbing
		})
	}
}

// metric returns a metric of the operator.
func (c *crowd) metric(name string) *dto.MetricFamily {
	c.Helper()
	families, err := c.registry.Gather()
	if err != nil {
		c.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family
		}
	}
	c.Fatalf("expected a metric %s", name)
	return nil
}

func TestAQuietClusterCostsTheAPIServerNothing(t *testing.T) {
	t.Parallel()
	const objects, rounds = 200, 2
	c := newCrowd(t, objects, func(int) bool { return false })
	c.judged()
	c.api.forget(objects)
	c.server.after(t, objects*rounds)
	if writes, events := c.api.counts(); writes != 0 || events != 0 {
		t.Errorf("expected no write and no event in %d periods of %d objects, found %d and %d", rounds, objects, writes, events)
	}
}

func TestAHeartbeatIsOneWritePerObject(t *testing.T) {
	t.Parallel()
	const objects, beat = 60, 30 * time.Second
	c := newCrowd(t, objects, func(int) bool { return false }, func(s *setup) { s.options.Heartbeat = beat })
	c.judged()
	began := time.Now()
	select {
	case <-c.api.forget(objects):
	case <-time.After(2 * patience):
		t.Fatal("waited in vain for a write of each object")
	}
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	// The write of the beat before may have come late.
	most := int(time.Since(began)/beat) + 2
	for path, n := range c.api.perObject {
		if n > most {
			t.Errorf("%s: expected at most one write in each beat, found %d in %s", path, n, time.Since(began).Round(time.Second))
		}
	}
	for _, n := range c.api.perSecond {
		if n > objects/2 {
			t.Errorf("expected the writes to be spread over a beat, found %d of %d in one second", n, objects)
		}
	}
}

func TestHangingHostsDelayNobodyElse(t *testing.T) {
	t.Parallel()
	const objects, hung, rounds = 1000, 50, 3
	c := newCrowd(t, objects, func(i int) bool { return i < hung })
	var others []string
	for i := hung; i < objects; i++ {
		others = append(others, address(i))
	}
	c.server.afterEach(t, others, 1) // All are known to the engine now.
	before := c.server.perHost()
	c.server.afterEach(t, others, rounds)
	asked := c.server.perHost()
	for _, host := range others {
		// Who was last in the first round may be first in the last one.
		if n := asked[host] - before[host]; n > rounds+2 {
			t.Errorf("%s: expected the others to keep up with its rhythm, found %d probes of it while another had %d", host, n, rounds)
		}
	}
	if skipped := c.metric("mainstay_probes_skipped_total").GetMetric()[0].GetCounter().GetValue(); skipped != 0 {
		t.Errorf("expected no probe to be left out, found %g", skipped)
	}
	lag := c.metric("mainstay_probe_schedule_lag_seconds").GetMetric()[0].GetHistogram()
	for _, bucket := range lag.GetBucket() {
		t.Logf("%5.1f %% of %d probes began within %g s", 100*float64(bucket.GetCumulativeCount())/float64(lag.GetSampleCount()),
			lag.GetSampleCount(), bucket.GetUpperBound())
	}
}

func TestTwoNamespacesShareOneBudget(t *testing.T) {
	t.Parallel()
	credential := key(t)
	var objects []*v1alpha1.AIProvider
	for range 2 {
		ai := openAI(newNamespace(t))
		ai.Spec.PeriodSeconds = 3600 // So that only what is asked for here is probed.
		create(t, secret(ai.Namespace, credential), ai)
		objects = append(objects, ai)
	}
	for _, ai := range objects {
		waitForReason(t, ai, v1alpha1.ReasonPassed)
	}
	world.vendors["OpenAI"].PlayFor(credential, providertest.RateLimited)
	asked := func() (n int) {
		for _, r := range world.vendors["OpenAI"].Requests() {
			if r.Credential == credential {
				n++
			}
		}
		return n
	}
	for i, ai := range objects {
		probeNow(t, ai, fmt.Sprint("now ", i))
	}
	// Both waited for their echo: of the first object's probe, or of one of its own 10 s later.
	if n := asked(); n > 5 {
		t.Errorf("expected two objects to share the requests of one key, found %d", n)
	}
	for _, ai := range objects {
		if c := condition(ai, v1alpha1.ConditionReady); c.Status != "True" {
			t.Errorf("%s: expected our own probing to turn nothing, found:\n%s", ai.Namespace, shown(ai))
		}
		if err := world.admin.Delete(t.Context(), client.Object(ai)); err != nil {
			t.Error(err)
		}
	}
}

func TestAStretchedPeriodIsInTheStatus(t *testing.T) {
	t.Parallel()
	ai := openAI(newNamespace(t))
	ai.Spec.Provider = "Anthropic"
	for i := range 12 {
		ai.Spec.Models = append(ai.Spec.Models, fmt.Sprint("claude-", i))
	}
	create(t, secret(ai.Namespace, strings.Replace(key(t), "sk-", "sk-ant-", 1)), ai)
	waitFor(t, ai, "the effective period", func() bool { return ai.Status.EffectivePeriodSeconds > ai.Spec.PeriodSeconds })
	if got := ai.Status.EffectivePeriodSeconds; got < 120 {
		t.Errorf("expected 12 requests at 6 a minute to take two minutes or more, found %d s", got)
	}
}
