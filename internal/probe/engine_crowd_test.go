// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// instant is a Client that answers at once.
type instant struct{}

func (instant) Do(context.Context, Request) Answer { return Answer{Status: 200, Connected: true} }

func (instant) Converse(context.Context, Dialogue) Session { return Session{} }

func (instant) Transact(context.Context, Transaction) Results { return Results{} }

func (instant) LookUp(context.Context, Question) Records { return Records{} }

func (instant) Review(context.Context, KubernetesAccess) Ruling { return Ruling{} }

// crowd is an engine among whose entries there are always many that wait, since who was probed is due again at
// once. It is worked by hand, without a clock and without goroutines.
type crowd struct {
	*Engine
	flying []*flight
}

// member is where one of a crowd is.
type member struct{ namespace, host, key string }

// Crowds of a hundred namespaces at one host, and of one namespace at a host each.

func eachWithAKey(i int) member {
	return member{fmt.Sprint("n", i%100), "api.one.com", fmt.Sprint("k", i)}
}

func allWithOneKey(i int) member { return member{fmt.Sprint("n", i%100), "api.one.com", "k"} }

func allOfOneNamespace(i int) member { return member{"n", fmt.Sprintf("api%d.com", i), "k"} }

// newCrowd has n targets.
func newCrowd(n int, nth func(int) member) *crowd {
	c := &crowd{Engine: NewEngine(Options{
		Probe: func(ctx context.Context, client Client, t Target) (r Report) {
			client.Do(ctx, Request{URL: t.BaseURL})
			r.Outcome.PassUpTo(Provisioned)
			return r
		},
		Client:  instant{},
		Settle:  func(v Verdict, _ Target, _ Outcome, _ time.Time) Verdict { return v },
		Changed: func(ID) {}, MaxInFlight: 256,
	})}
	for i := range n {
		m := nth(i)
		id := ID{Kind: "AIProvider", Namespace: m.namespace, Name: fmt.Sprint(i)}
		c.Set(id, Target{
			BaseURL: fmt.Sprintf("https://%s/%d", m.host, i), Credential: NewSecret(m.key),
			Period: time.Minute, Timeout: time.Minute, RequestsPerMinute: 1e12,
		}, Verdict{Key: Key{UID: id.Name}})
	}
	c.flying, _ = c.pass(context.Background())
	return c
}

// land has the probe end that began first, and its target due again.
func (c *crowd) land() (begun int) {
	f := c.flying[0]
	m := f.entry
	next := c.run(context.Background(), f)
	c.flying = append(c.flying[1:], next...)
	c.mu.Lock()
	c.schedule(m, time.Now())
	c.mu.Unlock()
	return len(next)
}

func BenchmarkProbesBegunAmongManyThatWait(b *testing.B) {
	for name, nth := range map[string]func(int) member{
		"each with a key": eachWithAKey, "all with one": allWithOneKey, "all of one namespace": allOfOneNamespace,
	} {
		for _, n := range []int{1000, 10000} {
			b.Run(fmt.Sprintf("%s, %d", name, n), func(b *testing.B) {
				c := newCrowd(n, nth)
				b.ReportAllocs()
				for b.Loop() {
					c.land()
				}
			})
		}
	}
}

// TestTheEndOfAProbeCostsAsMuchHoweverManyWait counts allocations, since those do not depend on the machine.
func TestTheEndOfAProbeCostsAsMuchHoweverManyWait(t *testing.T) {
	for name, nth := range map[string]func(int) member{
		"for their host": eachWithAKey, "for a place of their namespace": allOfOneNamespace,
	} {
		t.Run(name, func(t *testing.T) {
			cost := func(n int) float64 {
				c := newCrowd(n, nth)
				return testing.AllocsPerRun(200, func() {
					if begun := c.land(); begun != 1 {
						t.Fatalf("expected one probe to begin where one ended, found %d", begun)
					}
				})
			}
			if few, many := cost(100), cost(5000); many > few+2 {
				t.Errorf("expected a probe among 5000 that wait to cost no more than among 100, found %v and %v allocations", many, few)
			}
		})
	}
}
