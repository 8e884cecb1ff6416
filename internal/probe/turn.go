// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "time"

// An entry that is due takes its lane, then a place at its host, then a place among all probes in flight. It
// holds what it has while it waits for the next, and gives all of it back where it gives up. Who finds
// something free takes it; turns are taken in the line before it by those that found it taken.
//
// With the place at its host it takes one of its namespace. Others may wait for a lane and a host as well, so an entry
// whose namespace has no place left is passed over in the lines for both, rather than let in and made to wait.

// arrive has an entry that is due take its lane, or wait for it.
func (e *Engine) arrive(m *entry, now time.Time) {
	m.lane.line.add(m)
	e.serveLane(m.lane, now)
}

// serveLane lets the entry go whose turn it is, where the lane is free and open. Where it is not open yet, its
// alarm is set to when it is.
func (e *Engine) serveLane(l *lane, now time.Time) {
	if l.taken || l.line.len() == 0 {
		return
	}
	asked, others := e.opens(l, true, now), e.opens(l, false, now)
	if m := l.line.pick(!asked.After(now), !others.After(now)); m != nil {
		l.taken = true
		if g := e.guessesOf(l); g != nil {
			g.flying++
		}
		e.queue.unset(&l.alarm)
		if m.ready = m.due; !l.opened.After(now) {
			m.ready = latest(m.due, l.opened)
		}
		e.seekHost(m)
		return
	}
	var opens time.Time
	if asked.After(now) && l.line.asked > 0 {
		opens = asked
	}
	if others.After(now) && l.line.others > 0 && (opens.IsZero() || others.Before(opens)) {
		opens = others
	}
	if opens.IsZero() {
		e.queue.unset(&l.alarm) // It is open, and those who wait have no place of their namespace.
		return
	}
	l.opened = opens
	e.setAlarm(&l.alarm, opens)
}

// seekHost has an entry take a place at its host, or wait for one.
func (e *Engine) seekHost(m *entry) {
	h := m.lane.host
	if h.line.len() == 0 && h.taken < hostPlaces && !m.space.full() {
		e.takeHost(m)
		return
	}
	h.line.add(m)
	e.serveHost(h)
}

// serveHost lets those go whose turn it is at a host, while it has places.
func (e *Engine) serveHost(h *host) {
	for h.taken < hostPlaces {
		m := h.line.next()
		if m == nil {
			return
		}
		e.takeHost(m)
	}
}

// takeHost has an entry take a place at its host, and one of its namespace.
func (e *Engine) takeHost(m *entry) {
	m.lane.host.taken++
	m.space.taken++
	e.seekFlight(m)
}

// seekFlight has an entry take a place among all, or wait for one.
func (e *Engine) seekFlight(m *entry) {
	if e.line.len() > 0 || e.inFlight >= e.options.MaxInFlight {
		e.line.add(m)
		return
	}
	e.clear(m)
}

// clear has the probe of an entry begin in this pass.
func (e *Engine) clear(m *entry) {
	e.inFlight++
	e.cleared = append(e.cleared, m)
}

// serve lets those go on who waited for what was given back, the ones that have come farthest first.
func (e *Engine) serve(l *lane, now time.Time) {
	for e.line.len() > 0 && e.inFlight < e.options.MaxInFlight {
		e.clear(e.line.next())
	}
	e.serveHost(l.host)
	e.serveLane(l, now)
}

// giveUp has an entry wait for nothing any more, and gives back what it holds.
func (e *Engine) giveUp(m *entry) {
	in, l := m.stands.line, m.lane
	if in == nil {
		return
	}
	in.remove(m)
	switch in {
	case &l.line:
		return
	case &e.line:
		l.host.taken--
		e.giveBack(m.space)
	}
	l.taken = false
	if g := e.guessesOf(l); g != nil {
		g.flying--
	}
	e.freed = append(e.freed, l)
	e.notify()
}

// waited says whether somebody waits for what a flight held.
func (e *Engine) waited(f *flight) bool {
	return e.line.len()+f.lane.host.line.len()+f.lane.line.len()+f.space.skipped() > 0
}

// waiting is how many are due and wait for a place. Those that wait for their lane to open wait for a time.
func (e *Engine) waiting() int {
	n := e.line.len()
	for _, h := range e.hosts {
		n += h.line.len()
		for l := range h.lanes {
			if l.taken || l.alarm.place < 0 {
				n += l.line.len()
			}
		}
	}
	return n
}
