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

// crowd is an engine among whose entries there are always many that wait, since who was probed is due again at
// once. It is worked by hand, without a clock and without goroutines.
type crowd struct {
	*Engine
	flying []*flight
}

// newCrowd has n targets at one host, in a hundred namespaces, with credentials that keyOf names.
func newCrowd(n int, keyOf func(int) string) *crowd {
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
		id := ID{Kind: "AIProvider", Namespace: fmt.Sprint("n", i%100), Name: fmt.Sprint(i)}
		c.Set(id, Target{
			BaseURL: fmt.Sprint("https://api.one.com/", i), Credential: NewSecret(keyOf(i)),
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
	for name, keyOf := range map[string]func(int) string{
		"each with a key": func(i int) string { return fmt.Sprint("k", i) },
		"all with one":    func(int) string { return "k" },
	} {
		for _, n := range []int{1000, 10000} {
			b.Run(fmt.Sprintf("%s, %d", name, n), func(b *testing.B) {
				c := newCrowd(n, keyOf)
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
	cost := func(n int) float64 {
		c := newCrowd(n, func(i int) string { return fmt.Sprint("k", i) })
		return testing.AllocsPerRun(200, func() {
			if begun := c.land(); begun != 1 {
				t.Fatalf("expected one probe to begin where one ended, found %d", begun)
			}
		})
	}
	if few, many := cost(100), cost(5000); many > few+2 {
		t.Errorf("expected a probe among 5000 that wait to cost no more than among 100, found %v and %v allocations", many, few)
	}
}
