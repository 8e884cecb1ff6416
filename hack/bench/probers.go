// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mainstay.dev/mainstay/internal/diagnosis"
	engine "mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
)

// tick is the clock of both probers.
const tick = 20 * time.Millisecond

// diary takes down the probes of a prober.
type diary struct {
	began time.Time

	mu      sync.Mutex
	probed  map[int]bool
	reached time.Duration
	late    []time.Duration
	failed  int
}

func (d *diary) note(target int, late time.Duration, good bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.probed[target] {
		d.probed[target] = true
		d.reached = time.Since(d.began)
	}
	d.late = append(d.late, late)
	if !good {
		d.failed++
	}
}

// measure runs a prober for its start and three windows, and prints the result.
func measure(ctx context.Context, t task, prober func(context.Context, task, *diary) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d := &diary{began: time.Now(), probed: map[int]bool{}}
	ended := make(chan error, 1)
	go func() { ended <- prober(ctx, t, d) }()
	// The start is a period, and the time of the first answers.
	if err := sleep(ctx, t.Load.Period+t.Load.Slow+time.Second); err != nil {
		return err
	}
	var found result
	first, err := counts(t)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.late = nil
	d.mu.Unlock()
	before, last := cpuTime(), first
	for range 3 {
		if err := sleep(ctx, t.Window); err != nil {
			return err
		}
		now, err := counts(t)
		if err != nil {
			return err
		}
		after := cpuTime()
		found.CPU = append(found.CPU, (after-before)/time.Duration(max(now.Requests-last.Requests, 1)))
		found.Memory = append(found.Memory, resident())
		before, last = after, now
	}
	probes := float64(last.Requests - first.Requests)
	found.Achieved = probes / (float64(t.Load.Targets) * float64(3*t.Window) / float64(t.Load.Period))
	found.Connections = float64(last.Connections-first.Connections) / max(probes, 1)
	d.mu.Lock()
	slices.Sort(d.late)
	if n := len(d.late); n > 0 {
		found.Late = d.late[n*99/100]
	}
	found.Reached = d.reached
	failed, all := d.failed, len(d.probed) == t.Load.Targets
	d.mu.Unlock()
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if failed > 0 {
		fmt.Fprintf(os.Stderr, "%s, %s: %d probes failed; the machine is too slow or too busy for this load\n", t.Load.Name, t.Prober, failed)
	}
	if !all {
		return fmt.Errorf("%s: not all targets were reached", t.Load.Name)
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func counts(t task) (s stats, err error) {
	resp, err := http.Get(t.Server.Stats)
	if err != nil {
		return s, err
	}
	defer func() { _ = resp.Body.Close() }()
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// cpuTime is the CPU time that this process has used.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// resident is the memory of this process, in bytes.
func resident() int64 {
	data, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(data)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kilobytes * 1024
		}
	}
	return 0
}

// baseURL is where a target is.
func baseURL(t task, i int) string {
	host := "127.0.0.1"
	if t.Load.Hosts {
		host = fmt.Sprintf("127.1.%d.%d", i/250, i%250+1)
	}
	return "https://" + host + ":" + t.Server.Port + "/v1"
}

// runEngine probes as the operator does, with a credential for each target.
func runEngine(ctx context.Context, t task, d *diary) error {
	ca, ok := engine.ParseCA([]byte(t.Server.CA))
	if !ok {
		return errors.New("no certificate")
	}
	client := engine.NewNetwork(engine.NetworkOptions{
		Guard: engine.Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, UserAgent: "mainstay/bench",
	})
	e := engine.NewEngine(engine.Options{
		Probe: provider.Probe, Client: client, Settle: diagnosis.Settle, Changed: func(engine.ID) {}, MaxInFlight: 256,
		Observe: func(o engine.Observation) {
			i, _ := strconv.Atoi(o.ID.Name)
			d.note(i, o.Lag, o.Report.Outcome[engine.Provisioned].Result.Good())
		},
	})
	for i := range t.Load.Targets {
		name := strconv.Itoa(i)
		// What an earlier process judged is spread over the period, as after any restart.
		standing := engine.Verdict{Key: engine.Key{UID: "uid-" + name}, Probed: true}
		namespace := "bench-" + strconv.Itoa(i%10) // One alone may hold but a quarter of the places.
		e.Set(engine.ID{Kind: "AIProvider", Namespace: namespace, Name: name}, engine.Target{
			Kind: "AIProvider", Provider: "OpenAI", BaseURL: baseURL(t, i), CA: ca,
			Credential: engine.NewSecret("sk-bench-" + name), Wants: engine.AIWants{},
			Period: t.Load.Period, Timeout: 10 * time.Second, FailureThreshold: 3, SuccessThreshold: 1,
			RequestsPerMinute: 1e6, // The budget is another promise than this one.
		}, standing)
	}
	return e.Start(ctx)
}

// runLoop sends the same requests with nothing around them.
func runLoop(ctx context.Context, t task, d *diary) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(t.Server.CA))
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 2, MaxIdleConns: 1024, IdleConnTimeout: 90 * time.Second, DisableKeepAlives: t.Prober == freshLoop,
	}
	inFlight := make(chan struct{}, t.Load.Targets)
	if t.Prober == fewLoop {
		inFlight = make(chan struct{}, 8)
	}
	due := make([]time.Time, t.Load.Targets)
	for i := range due {
		due[i] = d.began.Add(t.Load.Period * time.Duration(i) / time.Duration(len(due)))
	}
	var probes sync.WaitGroup
	defer probes.Wait()
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for next := 0; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-clock.C:
			for !due[next].After(now) {
				i, planned := next, due[next]
				due[next] = planned.Add(t.Load.Period)
				next = (next + 1) % len(due)
				probes.Go(func() {
					inFlight <- struct{}{}
					defer func() { <-inFlight }()
					late := time.Since(planned)
					good := send(ctx, transport, baseURL(t, i)+"/models", "sk-bench-"+strconv.Itoa(i))
					d.note(i, late, good || ctx.Err() != nil)
				})
			}
		}
	}
}

func send(ctx context.Context, transport *http.Transport, url, key string) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return false
	}
	var list struct {
		Data []struct{ ID string }
	}
	return json.Unmarshal(body, &list) == nil && len(list.Data) > 0
}
