// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// TestWhateverHappensPromisesHold throws hand-overs, requests, removals, faults and slow answers at targets
// that share hosts and credentials, and checks what always holds.
func TestWhateverHappensPromisesHold(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 7))
			o := probe.Options{MaxInFlight: 1 + dice.IntN(40), Jitter: rand.New(rand.NewPCG(seed, 8)).Float64}
			amongVendors(t, o, func(w *world, v *vendor) {
				c := &chaos{world: w, vendor: v, dice: dice, current: map[probe.ID]probe.Key{}, flying: map[string]int{}}
				v.play(c.answer)
				for range 300 {
					c.meddle()
					w.at(time.Since(w.epoch) + c.under(second))
				}
				c.checkPlaces()
				c.checkBudgets()
				c.checkNobodyIsForgotten()
			})
		})
	}
}

// chaos is one story of it. What is shared with probes is guarded by the vendor's mutex.
type chaos struct {
	*world
	vendor  *vendor
	dice    *rand.Rand
	current map[probe.ID]probe.Key
	calm    bool

	flying         map[string]int // by host, and by host and credential
	mostOfHost     int
	mostOfOneLogin int
}

// under is a random time below a limit.
func (c *chaos) under(limit time.Duration) time.Duration {
	c.vendor.mu.Lock()
	defer c.vendor.mu.Unlock()
	return time.Duration(c.dice.Int64N(int64(limit)))
}

func (c *chaos) number(limit int) int { return int(c.under(time.Duration(limit))) }

// answer is slow, fails, or is good.
func (c *chaos) answer(ctx context.Context, r probe.Request) probe.Answer {
	host := r.URL[:len("https://h0.com")]
	login := fmt.Sprint(host, r.Credential.Fingerprint())
	c.fly(host, login, 1)
	defer c.fly(host, login, -1)
	takes, kind := c.under(4*second), c.number(12)
	c.vendor.mu.Lock()
	calm := c.calm
	c.vendor.mu.Unlock()
	if calm || kind > 8 {
		return status(200)
	}
	select {
	case <-ctx.Done():
		return probe.Answer{Fault: probe.TimedOut, Connected: kind > 3}
	case <-time.After(takes):
	}
	switch kind {
	case 0:
		return status(500)
	case 1:
		return status(401)
	case 2:
		return status(429)
	case 3:
		return probe.Answer{Fault: probe.ConnectionRefused}
	}
	return status(200)
}

func (c *chaos) fly(host, login string, n int) {
	c.vendor.mu.Lock()
	defer c.vendor.mu.Unlock()
	c.flying[host] += n
	c.flying[login] += n
	c.mostOfHost, c.mostOfOneLogin = max(c.mostOfHost, c.flying[host]), max(c.mostOfOneLogin, c.flying[login])
}

// meddle does something to one dependency.
func (c *chaos) meddle() {
	d := dependency{namespace: fmt.Sprint("n", c.number(3)), name: fmt.Sprint("d", c.number(40))}
	i := c.number(120)
	d.host, d.key = fmt.Sprintf("h%d.com", i%2), fmt.Sprint("k", i%20)
	id := d.id()
	key, known := c.current[id]
	switch what := c.number(6); {
	case what == 0:
		c.Remove(id)
		delete(c.current, id)
		return
	case known && what < 3:
		key.Request = fmt.Sprint(time.Since(c.epoch))
	case known:
		key.Generation++
	default:
		key = fresh(d.namespace + d.name).Key
	}
	c.current[id] = key
	c.Set(id, d.target(), probe.Verdict{Key: key, Probed: c.number(2) == 0})
}

func (c *chaos) checkPlaces() {
	c.Helper()
	c.vendor.mu.Lock()
	defer c.vendor.mu.Unlock()
	if c.mostOfHost > 8 || c.mostOfOneLogin > 1 {
		c.Errorf("expected at most 8 requests to a host and 1 of a credential at once, found %d and %d", c.mostOfHost, c.mostOfOneLogin)
	}
}

// checkBudgets holds that no credential had more than its share at one host.
func (c *chaos) checkBudgets() {
	c.Helper()
	at := map[string][]time.Duration{}
	for _, a := range c.vendor.requests("") {
		login := fmt.Sprint(a.url[:len("https://h0.com")], a.by)
		at[login] = append(at[login], a.at)
	}
	for login, times := range at {
		for i := range times {
			for j := i; j < len(times); j++ {
				if float64(j-i) > 6+6*(times[j]-times[i]).Minutes()+1e-6 {
					c.Fatalf("%s: expected 6 a minute after the first 6, found %d in %s", login[:14], j-i+1, times[j]-times[i])
				}
			}
		}
	}
}

// checkNobodyIsForgotten lets everything become well, and expects a verdict of each that is.
func (c *chaos) checkNobodyIsForgotten() {
	c.Helper()
	c.vendor.mu.Lock()
	c.calm = true
	c.vendor.mu.Unlock()
	calm := time.Since(c.epoch)
	c.at(calm + 10*time.Minute)
	for id, key := range c.current {
		got := c.verdict(id)
		if got.Key != key || !got.Probed || got.Stages[probe.Reachable].Finding.Result != probe.Passed || got.Doubt != (probe.Symptom{}) {
			c.Errorf("%s/%s: expected a good verdict ten minutes later, found %+v", id.Namespace, id.Name, got)
		}
		if got.At.Before(c.epoch.Add(calm + 5*time.Minute)) {
			c.Errorf("%s/%s: expected it to be probed still, last heard of %s after all was well", id.Namespace, id.Name, got.At.Sub(c.epoch)-calm)
		}
	}
	if stats := c.Stats(); stats.InFlight != 0 || stats.Waiting != 0 {
		c.Errorf("expected nothing to be stuck, found %+v", stats)
	}
}
