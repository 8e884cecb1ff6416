// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
)

// Shared is a Client that asks each distinct thing once, however many want to know and whether at the
// same time or later, and gives all of them the same answer. They must not change it. It keeps the
// answers as long as it lives, so it is meant for one round of probes.
type Shared struct {
	client Client
	memo   memo
}

// Share returns a Client that shares what is asked of another.
func Share(client Client) *Shared { return &Shared{client: client} }

// Do implements Client.
func (s *Shared) Do(ctx context.Context, r Request) Answer { return shared(ctx, s, r) }

// Converse implements Client.
func (s *Shared) Converse(ctx context.Context, d Dialogue) Session { return shared(ctx, s, d) }

// Transact implements Client.
func (s *Shared) Transact(ctx context.Context, t Transaction) Results { return shared(ctx, s, t) }

// LookUp implements Client.
func (s *Shared) LookUp(ctx context.Context, q Question) Records { return shared(ctx, s, q) }

func shared[A reply](ctx context.Context, s *Shared, q ask[A]) A {
	return once(ctx, &s.memo, q, func(ctx context.Context) A { return q.through(ctx, s.client) })
}

// requestKey is equal for two requests that send the same bytes to the same server and trust the same
// certificates.
type requestKey struct {
	method, url, body, header string
	auth                      Auth
	credential                Fingerprint
	ca                        string
}

func (r Request) key() any {
	// %q prints the header sorted by name, and quoted, so no two headers print alike.
	return requestKey{
		method: r.Method, url: r.URL, body: r.Body, header: fmt.Sprintf("%q", r.Header), auth: r.Auth, credential: r.Credential.Fingerprint(),
		ca: r.CA.text(),
	}
}

func (r Request) place() string { return r.URL + "\n" + r.Method + "\n" + r.Body }

func (r Request) through(ctx context.Context, c Client) Answer { return c.Do(ctx, r) }

func (r Request) unanswered(l loss) Answer {
	return Answer{Fault: l.symptom, FaultArgs: l.args, Connected: l.connected}
}

func (a Answer) way() (Symptom, bool) { return a.Fault, a.Connected }

func (a Answer) size() int { return len(a.Body) }
