// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "time"

// An entry that is due takes its lane, then a place at its host, then a place among all probes in flight. It
// holds what it has while it waits for the next, and gives all of it back where it gives up. Who finds
// something free takes it; turns are taken in the line before it by those that found it taken.

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
	asked, others := l.opens(true, now), l.opens(false, now)
	if m := l.line.pick(!asked.After(now), !others.After(now)); m != nil {
		l.taken = true
		e.queue.unset(&l.alarm)
		if m.ready = m.due; !l.opened.After(now) {
			m.ready = latest(m.due, l.opened)
		}
		e.seekHost(m)
		return
	}
	l.opened = others
	if l.line.others == 0 || l.line.asked > 0 && asked.Before(others) {
		l.opened = asked
	}
	e.setAlarm(&l.alarm, l.opened)
}

// seekHost has an entry take a place at its host, or wait for one.
func (e *Engine) seekHost(m *entry) {
	h := m.lane.host
	if h.line.len() > 0 || h.taken >= hostPlaces {
		h.line.add(m)
		return
	}
	h.taken++
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
	for h := l.host; h.line.len() > 0 && h.taken < hostPlaces; {
		h.taken++
		e.seekFlight(h.line.next())
	}
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
	}
	l.taken = false
	e.freed = append(e.freed, l)
	e.notify()
}

// waited says whether somebody waits for what a probe of a lane held.
func (e *Engine) waited(l *lane) bool { return e.line.len()+l.host.line.len()+l.line.len() > 0 }

// waiting is how many are due and wait for a place. Those that wait for their lane to open wait for a time.
func (e *Engine) waiting() int {
	n := e.line.len()
	for _, h := range e.hosts {
		n += h.line.len()
		for l := range h.lanes {
			if l.taken {
				n += l.line.len()
			}
		}
	}
	return n
}
