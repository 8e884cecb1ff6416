// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// BenchmarkEngine probes 500 targets as fast as the engine can and reports the CPU time of this process
// for each probe: of the engine alone, and with requests over HTTPS and decoding. The server is
// in the same process, so its share is in the second figure.
func BenchmarkEngine(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		measure(b, probe.Target{}, nil, func(context.Context, probe.Client, probe.Target) probe.Report { return probe.Report{} })
	})
	b.Run("https", func(b *testing.B) {
		fixture, err := providertest.Find("AIProvider", "OpenAI")
		if err != nil {
			b.Fatal(err)
		}
		server := httptest.NewUnstartedServer(providertest.NewVendor(fixture))
		server.EnableHTTP2 = true
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		defer server.Close()
		guard := probe.Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		client := probe.NewHTTPClient(guard, "mainstay/bench")
		defer client.Renew()
		target := fixture.Target(fixture.Cases[providertest.Healthy], server.URL)
		target.CA = authority(b, server)
		measure(b, target, client, Probe)
	})
}

// measure runs b.N probes.
func measure(b *testing.B, target probe.Target, client probe.Client, run func(context.Context, probe.Client, probe.Target) probe.Report) {
	target.Period, target.Timeout = time.Millisecond, 10*time.Second
	target.FailureThreshold, target.SuccessThreshold = 3, 1
	ctx, stop := context.WithCancel(b.Context())
	var probed atomic.Int64
	engine := probe.NewEngine(probe.Options{
		Probe: run, Client: client, Settle: settle, Changed: func(probe.ID) {}, MaxInFlight: 64,
		Observe: func(probe.Observation) {
			if probed.Add(1) == int64(b.N) {
				stop()
			}
		},
	})
	for i := range 500 {
		name := fmt.Sprint(i)
		engine.Set(probe.ID{Kind: "AIProvider", Name: name}, target, probe.Verdict{Key: probe.Key{UID: name}})
	}
	before := cpuTime(b)
	b.ResetTimer()
	if err := engine.Start(ctx); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(probed.Load()), "cpu-µs/probe")
}

func settle(v probe.Verdict, _ probe.Target, _ probe.Outcome, at time.Time) probe.Verdict {
	v.Probed, v.At = true, at
	return v
}

// cpuTime is the CPU time that this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
