// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"sync"
)

// Shared is a Client that sends each distinct request once, however many ask for it and whether at the
// same time or later, and gives all of them the same Answer. They must not change it. It keeps the
// answers as long as it lives, so it is meant for one round of probes.
type Shared struct {
	client Client

	mu    sync.Mutex
	calls map[requestKey]*call
}

// Share returns a Client that shares the requests of another.
func Share(client Client) *Shared {
	return &Shared{client: client, calls: map[requestKey]*call{}}
}

// requestKey is equal for two requests that send the same bytes to the same server and trust the same
// certificates.
type requestKey struct {
	url, body, header string
	auth              Auth
	credential        Fingerprint
	ca                string
}

func keyOf(r Request) requestKey {
	// %q prints the header sorted by name, and quoted, so no two headers print alike.
	key := requestKey{
		url: r.URL, body: r.Body, header: fmt.Sprintf("%q", r.Header), auth: r.Auth, credential: r.Credential.Fingerprint(),
	}
	if r.CA != nil {
		key.ca = r.CA.pem
	}
	return key
}

// call is one request on its way, or answered.
type call struct {
	cancel context.CancelFunc
	// way is how far the request has come, for those who give up before it ends.
	way progress
	// waiters counts those who wait for the answer; it is guarded by Shared.mu.
	waiters int
	// answered is closed once answer is there.
	answered chan struct{}
	answer   Answer
}

// Do implements Client. Who gives up gets the fault of its own context; the request goes on for the
// others and ends when nobody waits for it.
func (s *Shared) Do(ctx context.Context, r Request) Answer {
	key := keyOf(r)
	c := s.join(ctx, key, r)
	select {
	case <-c.answered:
		return c.answer
	case <-ctx.Done():
	}
	return s.leave(ctx, key, c)
}

// join returns the call of a request, and begins it where there is none.
func (s *Shared) join(ctx context.Context, key requestKey, r Request) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[key]
	if c == nil {
		// The first to ask may be the first to give up, so its context does not end the request.
		callCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		c = &call{cancel: cancel, answered: make(chan struct{})}
		s.calls[key] = c
		go s.send(c.way.watch(callCtx), c, r)
	}
	c.waiters++
	return c
}

func (s *Shared) send(ctx context.Context, c *call, r Request) {
	defer c.cancel()
	defer close(c.answered)
	defer func() {
		// A panic is our own fault, and must not take down those who wait.
		if recover() != nil {
			c.answer = Answer{Fault: ProbeFailed}
		}
	}()
	c.answer = s.client.Do(ctx, r)
}

// leave takes back one waiter. The last one ends the request, and who asks later asks anew.
func (s *Shared) leave(ctx context.Context, key requestKey, c *call) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-c.answered:
		return c.answer
	default:
	}
	if c.waiters--; c.waiters == 0 {
		c.cancel()
		delete(s.calls, key)
	}
	return c.way.stopped(ctx.Err())
}
