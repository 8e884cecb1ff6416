// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"hash/maphash"
)

// round is the Client of one probe. It counts what the probe asks for and, where other targets have the
// same credential, keeps the answers for as long as the round lasts.
type round struct {
	client Client
	// shared says whether answers are kept. No more than maxBody bytes of them are.
	shared  bool
	answers map[any]any
	kept    int
	// asked has one number for each request to the provider. Questions to the name server take nothing of
	// the provider's limit.
	asked []uint64
	// reached says that the provider answered, and cutOff that a request did not get as far as a connection.
	// What a name server says proves neither.
	reached, cutOff bool
	// faulty says that an answer is a fault, which another target with more patience may not meet.
	faulty bool
}

var requestSeed = maphash.MakeSeed()

// Do implements Client.
func (r *round) Do(ctx context.Context, request Request) Answer { return noted(ctx, r, request) }

// Converse implements Client.
func (r *round) Converse(ctx context.Context, d Dialogue) Session { return noted(ctx, r, d) }

// Transact implements Client.
func (r *round) Transact(ctx context.Context, t Transaction) Results { return noted(ctx, r, t) }

// LookUp implements Client.
func (r *round) LookUp(ctx context.Context, q Question) Records { return noted(ctx, r, q) }

// noted asks, and takes down what came of it.
func noted[A reply](ctx context.Context, r *round, q ask[A]) A {
	place := q.place()
	if place != "" {
		r.asked = append(r.asked, maphash.String(requestSeed, place))
	}
	a := q.through(ctx, r.client)
	fault, connected := a.way()
	r.faulty = r.faulty || fault != Symptom{}
	switch {
	case place == "":
	case fault == Symptom{}:
		r.reached = true
	case fault.Stage() == Reachable && fault != ProbeFailed && !connected:
		r.cutOff = true
	}
	if size := a.size(); r.shared && r.kept+size <= maxBody {
		if r.answers == nil {
			r.answers = map[any]any{}
		}
		r.answers[q.key()], r.kept = a, r.kept+size
	}
	return a
}

// replay is the Client of a target that takes part in another's round. It sends nothing: a probe that asks
// for what the round has not got is no probe.
type replay struct {
	answers map[any]any
	asked   []uint64
	lacking bool
}

// Do implements Client.
func (r *replay) Do(_ context.Context, request Request) Answer { return replayed(r, request) }

// Converse implements Client.
func (r *replay) Converse(_ context.Context, d Dialogue) Session { return replayed(r, d) }

// Transact implements Client.
func (r *replay) Transact(_ context.Context, t Transaction) Results { return replayed(r, t) }

// LookUp implements Client.
func (r *replay) LookUp(_ context.Context, q Question) Records { return replayed(r, q) }

func replayed[A reply](r *replay, q ask[A]) A {
	if place := q.place(); place != "" {
		r.asked = append(r.asked, maphash.String(requestSeed, place))
	}
	a, known := r.answers[q.key()]
	if !known {
		r.lacking = true
		return q.unanswered(loss{symptom: ProbeFailed})
	}
	return a.(A)
}
