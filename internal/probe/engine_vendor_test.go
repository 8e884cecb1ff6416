// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// vendor is a Client that plays every provider, and notes what it was asked.
type vendor struct {
	probe.Client // It is asked over HTTP alone.
	epoch        time.Time
	// answer is what it says; nil for a good answer at once.
	answer func(context.Context, probe.Request) probe.Answer

	mu    sync.Mutex
	asked []asked
}

// asked is one request.
type asked struct {
	at  time.Duration
	url string
	by  probe.Fingerprint
}

func (v *vendor) Do(ctx context.Context, r probe.Request) probe.Answer {
	v.mu.Lock()
	v.asked = append(v.asked, asked{time.Since(v.epoch).Round(time.Microsecond), r.URL, r.Credential.Fingerprint()})
	answer := v.answer
	v.mu.Unlock()
	if answer == nil {
		return status(200)
	}
	return answer(ctx, r)
}

// play changes what the vendor says.
func (v *vendor) play(answer func(context.Context, probe.Request) probe.Answer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = answer
}

// requests are those whose URL contains a text.
func (v *vendor) requests(text string) []asked {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(v.asked), func(a asked) bool { return !strings.Contains(a.url, text) })
}

// times are when the requests came whose URL contains a text.
func (v *vendor) times(text string) []time.Duration {
	var at []time.Duration
	for _, a := range v.requests(text) {
		at = append(at, a.at)
	}
	return at
}

func status(code int) probe.Answer {
	return probe.Answer{Status: code, Body: []byte("{}"), Connected: true}
}

// always answers every request alike.
func always(a probe.Answer) func(context.Context, probe.Request) probe.Answer {
	return func(context.Context, probe.Request) probe.Answer { return a }
}

// cut fails as a request does that gets no connection.
func cut(context.Context, probe.Request) probe.Answer {
	return probe.Answer{Fault: probe.NetworkUnreachable}
}

// amongVendors runs a story in which probes send requests: one to the base URL, and one for each name that
// the spec asks for.
func amongVendors(t *testing.T, o probe.Options, story func(*world, *vendor)) {
	t.Helper()
	v := &vendor{}
	o.Client = v
	inWorld(t, o, func(w *world) {
		v.epoch = w.epoch
		w.ask = askVendor
		story(w, v)
	})
}

func askVendor(ctx context.Context, client probe.Client, t probe.Target) (r probe.Report) {
	r.Outcome.PassUpTo(probe.Configured)
	for _, path := range append([]string{""}, t.Wants.Names()...) {
		a := client.Do(ctx, probe.Request{URL: t.BaseURL + "/" + path, Credential: t.Credential})
		r.RetryAfter = max(r.RetryAfter, a.RetryAfter(time.Now()))
		symptom := probe.Classify(a, nil).Symptom
		if path != "" && symptom == probe.PathNotFound {
			symptom = probe.ModelNotAvailable
		}
		if symptom == (probe.Symptom{}) {
			continue
		}
		if stage := symptom.Stage(); stage == probe.Working {
			r.Outcome.PassUpTo(probe.Reachable)
		} else {
			r.Outcome.PassUpTo(stage - 1)
		}
		r.Outcome.Fail(symptom)
		return r
	}
	r.Outcome.PassUpTo(probe.Provisioned)
	return r
}

// dependency is a target of these stories.
type dependency struct {
	namespace, name, host, key string
	models                     []string
	period                     time.Duration
}

func (d dependency) id() probe.ID {
	return probe.ID{Kind: "AIProvider", Namespace: d.namespace, Name: d.name}
}

func (d dependency) target() probe.Target {
	t := targetOf("https://" + d.host)
	t.Credential = probe.NewSecret(d.key)
	t.Wants = probe.AIWants{Models: d.models}
	if d.period > 0 {
		t.Period = d.period
	}
	return t
}

// have hands over dependencies that are new.
func (w *world) have(all ...dependency) {
	for _, d := range all {
		w.Set(d.id(), d.target(), fresh(d.namespace+d.name))
	}
}

// request asks for a probe now.
func (w *world) request(d dependency, token string) {
	v := w.verdict(d.id())
	v.Key.Request = token
	w.Set(d.id(), d.target(), v)
}

// reachable is the symptom at a stage of a verdict; zero where nothing is wrong there.
func (w *world) symptom(d dependency, stage probe.Stage) probe.Symptom {
	w.Helper()
	return w.verdict(d.id()).Stages[stage].Finding.Symptom
}

// ignored counts the reports that changed no verdict, by reason.
func (w *world) ignored() map[probe.Ignored]int {
	found := map[probe.Ignored]int{}
	for _, o := range w.counted() {
		if o.Ignored != "" {
			found[o.Ignored]++
		}
	}
	return found
}
