// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"container/list"
	"time"
)

// spaceShare is the part of all places that one namespace may hold.
const spaceShare = 4

// space is what the entries of one namespace hold together. It bounds their places, since a single namespace could
// else take all of them, with many objects at hosts that answer slowly on purpose.
type space struct {
	// entries is how many there are, taken how many places they hold, and most how many they may.
	entries, taken, most int
	// asked and others are its turns that were passed over for want of a place, the first ones in front: those with
	// an entry that an owner asked for, and the others.
	asked, others list.List
}

func (s *space) full() bool { return s.taken >= s.most }

// spaceOf returns the space of a namespace.
func (e *Engine) spaceOf(namespace string) *space {
	s := e.spaces[namespace]
	if s == nil {
		s = &space{most: max(e.options.MaxInFlight/spaceShare, 1)}
		e.spaces[namespace] = s
	}
	return s
}

func (s *space) skipped() int { return s.asked.Len() + s.others.Len() }

// skip takes note that a turn in a line was passed over, and of the entry that was to go.
func (t *turn) skip(m *entry) {
	turns := &t.space.others
	if m.requested {
		turns = &t.space.asked
	}
	switch t.skipped.turns {
	case turns, &t.space.asked:
		return
	case &t.space.others:
		t.skipped.turns.Remove(t.skipped.element)
	}
	t.skipped = skipped{turns: turns, element: turns.PushBack(t), lane: m.lane}
}

// giveBack takes back a place of a namespace.
func (e *Engine) giveBack(s *space) {
	s.taken--
	if s.skipped() > 0 {
		e.roomy = append(e.roomy, s)
	}
}

// serveSkipped lets those go on who were passed over, while their namespace has places. Whose lane or host is taken
// by now waits for that. They come before those who wait at the host that gave the place back, or a host that is
// always waited for would keep it.
func (e *Engine) serveSkipped(s *space, now time.Time) {
	for s.skipped() > 0 && !s.full() {
		turns := &s.asked
		if turns.Len() == 0 {
			turns = &s.others
		}
		t := turns.Remove(turns.Front()).(*turn)
		l := t.skipped.lane
		t.skipped = skipped{}
		e.serve(l, now)
	}
}
