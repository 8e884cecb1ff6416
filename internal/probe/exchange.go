// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"sync"
	"time"
)

// Client asks the outside: a provider over HTTP, a mail server over SMTP, a database, a name server over DNS, the
// API server of its cluster.
// It returns no error: that nothing came back is an answer too.
type Client interface {
	Do(ctx context.Context, r Request) Answer
	Converse(ctx context.Context, d Dialogue) Session
	Transact(ctx context.Context, t Transaction) Results
	LookUp(ctx context.Context, q Question) Records
	Review(ctx context.Context, a KubernetesAccess) Ruling
}

// ask is a Request, a Dialogue, a Transaction, a Question or a KubernetesAccess, for what treats them alike.
type ask[A reply] interface {
	// key is equal for two that ask the same of the same server.
	key() any
	// place is what of the provider is asked; empty where another server is.
	place() string
	// through has a client ask.
	through(ctx context.Context, c Client) A
	// unanswered is the answer where a fault kept one from coming.
	unanswered(l loss) A
}

// loss is what kept an answer from coming: a fault, with fixed words of ours, and whether there was a
// connection.
type loss struct {
	symptom   Symptom
	args      []string
	connected bool
}

// reply is an Answer, a Session, Results, Records or a Ruling.
type reply interface {
	// way returns the fault that kept an answer from coming, and whether there was a connection.
	way() (fault Symptom, connected bool)
	// size is how many bytes it takes to keep.
	size() int
}

// memo asks each distinct thing once, however many want to know, and gives all of them the same answer.
type memo struct {
	// life is how long an answer is given again; nil for as long as the memo lives.
	life func(answer any) time.Duration
	// most is how many answers are kept, and room how many bytes they may take; 0 for any number.
	most, room int

	mu    sync.Mutex
	calls map[any]*call
	// taken is how many bytes the answers take, or somewhat more: it is counted anew when it comes to room.
	taken int
}

// call is something that was asked, on its way or answered.
type call struct {
	cancel context.CancelFunc
	// way is how far it has come, for those who give up before it ends.
	way progress
	// waiters counts those who wait for the answer, and size is how many bytes that takes once it is there; both are
	// guarded by memo.mu.
	waiters, size int
	// answered is closed once answer and until are there.
	answered chan struct{}
	answer   any
	until    time.Time
}

// once asks with send, unless the answer is known or on its way. Who gives up gets the fault of its own
// context; what was asked goes on for the others, and ends when nobody waits for it.
func once[A reply](ctx context.Context, m *memo, q ask[A], send func(context.Context) A) A {
	c, isNew := m.join(ctx, q.key())
	if isNew {
		callCtx := c.ctx
		go m.run(c.call, func() any { return send(callCtx) }, q.unanswered(loss{symptom: ProbeFailed}))
	}
	select {
	case <-c.answered:
		return c.answer.(A)
	case <-ctx.Done():
	}
	if answer, ok := m.leave(q.key(), c.call); ok {
		return answer.(A)
	}
	return q.unanswered(c.way.stopped(ctx.Err()))
}

// joined is a call with the context that it runs under.
type joined struct {
	*call
	ctx context.Context
}

// join returns the call of a key, and says whether it has to be begun.
func (m *memo) join(ctx context.Context, key any) (c joined, isNew bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.calls[key]; known != nil && !known.over(time.Now()) {
		known.waiters++
		return joined{call: known}, false
	}
	if m.calls == nil {
		m.calls = map[any]*call{}
	}
	m.makeRoom()
	// The first to ask may be the first to give up, so its context does not end the call.
	callCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	begun := &call{cancel: cancel, answered: make(chan struct{}), waiters: 1}
	m.calls[key] = begun
	return joined{begun, begun.way.watch(callCtx)}, true
}

// over says whether the answer is there and may not be given any more.
func (c *call) over(now time.Time) bool {
	select {
	case <-c.answered:
		return !c.until.IsZero() && now.After(c.until)
	default:
		return false
	}
}

// makeRoom drops answers where there are too many: those that are over, and all where that is not enough.
func (m *memo) makeRoom() {
	for _, now := range []time.Time{time.Now(), time.Unix(1<<40, 0)} {
		if (m.most == 0 || len(m.calls) < m.most) && (m.room == 0 || m.taken < m.room) {
			return
		}
		m.taken = 0
		for key, c := range m.calls {
			if c.over(now) {
				delete(m.calls, key)
			} else {
				m.taken += c.size
			}
		}
	}
}

func (m *memo) run(c *call, send func() any, broken any) {
	defer c.cancel()
	defer close(c.answered)
	defer func() {
		// A panic is our own fault, and must not take down those who wait.
		if recover() != nil {
			c.answer = broken
		}
	}()
	c.answer = send()
	if m.life != nil {
		c.until = time.Now().Add(m.life(c.answer))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c.size = c.answer.(reply).size()
	m.taken += c.size
}

// leave takes back one waiter, or returns the answer that has come just now. The last one ends the call, and
// who asks later asks anew.
func (m *memo) leave(key any, c *call) (answer any, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-c.answered:
		return c.answer, true
	default:
	}
	if c.waiters--; c.waiters == 0 {
		c.cancel()
		if m.calls[key] == c {
			delete(m.calls, key)
		}
	}
	return nil, false
}
