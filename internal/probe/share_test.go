// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowClient answers every request after a while, unless its context ends before.
type slowClient struct {
	Client           // It is asked over HTTP alone.
	takes            time.Duration
	sent, ended, cut atomic.Int32
}

func (c *slowClient) Do(ctx context.Context, _ Request) Answer {
	c.sent.Add(1)
	defer c.ended.Add(1)
	select {
	case <-time.After(c.takes):
		return Answer{Status: 200}
	case <-ctx.Done():
		c.cut.Add(1)
		return fault(ctx.Err())
	}
}

func requestFor(key string) Request {
	return Request{URL: "https://vendor.example.com/v1/models", Auth: Bearer, Credential: NewSecret(key)}
}

func TestRequestsThatDifferAreSentApart(t *testing.T) {
	ca, other := &CA{id: "one"}, &CA{id: "two"}
	with := func(change func(*Request)) Request {
		r := requestFor("key")
		change(&r)
		return r
	}
	for name, row := range map[string]struct {
		a, b Request
		want int32
	}{
		"nothing differs": {requestFor("key"), requestFor("key"), 1},
		"the credential":  {requestFor("key"), requestFor("other"), 2},
		"the URL":         {requestFor("key"), with(func(r *Request) { r.URL += "/x" }), 2},
		"the place of the credential": {
			requestFor("key"), with(func(r *Request) { r.Auth = Auth{Header: "X-Api-Key"} }), 2,
		},
		"a header": {requestFor("key"), with(func(r *Request) { r.Header = map[string]string{"Version": "1"} }), 2},
		"headers that look alike when joined": {
			with(func(r *Request) { r.Header = map[string]string{"A": "1 B:2"} }),
			with(func(r *Request) { r.Header = map[string]string{"A": "1", "B": "2"} }), 2,
		},
		"equal headers, built in another order": {
			with(func(r *Request) { r.Header = map[string]string{"A": "1", "B": "2"} }),
			with(func(r *Request) { r.Header = map[string]string{"B": "2", "A": "1"} }), 1,
		},
		"the authority": {with(func(r *Request) { r.CA = ca }), with(func(r *Request) { r.CA = other }), 2},
		"an equal authority": {
			with(func(r *Request) { r.CA = ca }), with(func(r *Request) { r.CA = &CA{id: "one"} }), 1,
		},
		"an authority and none": {with(func(r *Request) { r.CA = ca }), requestFor("key"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			client := &slowClient{}
			shared := Share(client)
			shared.Do(t.Context(), row.a)
			shared.Do(t.Context(), row.b)
			if got := client.sent.Load(); got != row.want {
				t.Errorf("expected %d requests, got %d", row.want, got)
			}
		})
	}
}

func TestWhoAsksAtTheSameTimeSharesOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &slowClient{takes: time.Second}
		shared := Share(client)
		var asking sync.WaitGroup
		for range 100 {
			asking.Go(func() {
				if got := shared.Do(t.Context(), requestFor("key")); got.Status != 200 {
					t.Errorf("expected the answer, got %+v", got)
				}
			})
		}
		asking.Wait()
		if got := client.sent.Load(); got != 1 {
			t.Errorf("expected 1 request, got %d", got)
		}
	})
}

func TestOneWhoGivesUpDoesNotEndTheRequestForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &slowClient{takes: 5 * time.Second}
		shared := Share(client)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var asking sync.WaitGroup
		asking.Go(func() {
			if got := shared.Do(hasty, requestFor("key")); got.Fault != TimedOut {
				t.Errorf("expected a timeout for the hasty one, got %+v", got)
			}
		})
		synctest.Wait() // The hasty one is the first, and its context the one that could end the request.
		asking.Go(func() {
			if got := shared.Do(t.Context(), requestFor("key")); got.Status != 200 {
				t.Errorf("expected the answer for the patient one, got %+v", got)
			}
		})
		asking.Wait()
		if sent, cut := client.sent.Load(), client.cut.Load(); sent != 1 || cut != 0 {
			t.Errorf("expected 1 request and none cut short, got %d and %d", sent, cut)
		}
	})
}

func TestARequestThatNobodyWaitsForEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &slowClient{takes: time.Hour}
		shared := Share(client)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var asking sync.WaitGroup
		for range 3 {
			asking.Go(func() { shared.Do(ctx, requestFor("key")) })
		}
		asking.Wait()
		synctest.Wait()
		if got := client.ended.Load(); got != 1 {
			t.Error("the request goes on although nobody waits for it")
		}
		client.takes = 0
		if got := shared.Do(t.Context(), requestFor("key")); got.Status != 200 || client.sent.Load() != 2 {
			t.Errorf("expected who asks later to ask anew, got %+v after %d requests", got, client.sent.Load())
		}
	})
}

// broken panics.
type broken struct{ Client }

func (broken) Do(context.Context, Request) Answer { panic("a bug") }

func TestAPanicIsOurOwnFault(t *testing.T) {
	shared := Share(broken{})
	if got := shared.Do(t.Context(), requestFor("key")); got.Fault != ProbeFailed {
		t.Errorf("expected ProbeFailed, got %+v", got)
	}
}
