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
	answers map[requestKey]Answer
	kept    int
	// asked has one number for each request.
	asked []uint64
	// reached says that a server answered, and cutOff that a request did not get as far as a connection.
	reached, cutOff bool
	// faulty says that an answer is a fault, which another target with more patience may not meet.
	faulty bool
}

var requestSeed = maphash.MakeSeed()

// numberOf tells apart the requests of one credential at one host.
func numberOf(r Request) uint64 { return maphash.String(requestSeed, r.URL+"\n"+r.Body) }

// Do implements Client.
func (r *round) Do(ctx context.Context, request Request) Answer {
	r.asked = append(r.asked, numberOf(request))
	a := r.client.Do(ctx, request)
	switch {
	case a.Fault == Symptom{}:
		r.reached = true
	case a.Fault.Stage() == Reachable && a.Fault != ProbeFailed && !a.Connected:
		r.cutOff = true
		fallthrough
	default:
		r.faulty = true
	}
	if r.shared && r.kept+len(a.Body) <= maxBody {
		if r.answers == nil {
			r.answers = map[requestKey]Answer{}
		}
		r.answers[keyOf(request)], r.kept = a, r.kept+len(a.Body)
	}
	return a
}

// replay is the Client of a target that takes part in another's round. It sends nothing: a probe that asks
// for what the round has not got is no probe.
type replay struct {
	answers map[requestKey]Answer
	asked   []uint64
	lacking bool
}

// Do implements Client.
func (r *replay) Do(_ context.Context, request Request) Answer {
	r.asked = append(r.asked, numberOf(request))
	a, known := r.answers[keyOf(request)]
	if !known {
		r.lacking = true
		return Answer{Fault: ProbeFailed}
	}
	return a
}
