// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "container/list"

// line are the entries that wait for one thing: their lane, a place at their host, or a place among all probes
// in flight. Namespaces take turns, so that one with very many or very slow targets does not keep the others
// waiting; who comes anew waits until the others had their turn. Within a namespace those come first that
// owners asked for, and else who was first in the line.
//
// Whatever is done to a line costs the same however many stand in it. Only pick passes over the namespaces
// whose entries may not go.
type line struct {
	turns      list.List // of *turn, the next one in front
	namespaces map[*space]*turn
	// placed says that those who wait have a place of their namespace already.
	placed bool
	// asked and others are how many wait that owners asked for, and how many others.
	asked, others int
}

// turn are the entries of one namespace in a line.
type turn struct {
	place *list.Element // in the line's turns
	space *space
	// skipped says where the turn waits for a place of its namespace, where it was passed over for want of one.
	skipped skipped
	// asked are those that owners asked for.
	asked, others list.List
}

// skipped is a turn that was passed over: among which it waits, and the lane that is to be served then.
type skipped struct {
	turns   *list.List
	element *list.Element
	lane    *lane
}

// spot is where an entry stands in a line.
type spot struct {
	line      *line
	entries   *list.List
	element   *list.Element
	requested bool
}

func (l *line) len() int { return l.asked + l.others }

// add has an entry wait at the end of the line.
func (l *line) add(m *entry) {
	t := l.namespaces[m.space]
	if t == nil {
		if l.namespaces == nil {
			l.namespaces = map[*space]*turn{}
		}
		t = &turn{space: m.space}
		t.place = l.turns.PushBack(t)
		l.namespaces[m.space] = t
	}
	entries := &t.others
	if m.requested {
		entries = &t.asked
		l.asked++
	} else {
		l.others++
	}
	m.stands = spot{line: l, entries: entries, element: entries.PushBack(m), requested: m.requested}
}

// remove takes an entry out of the line.
func (l *line) remove(m *entry) {
	m.stands.entries.Remove(m.stands.element)
	if m.stands.requested {
		l.asked--
	} else {
		l.others--
	}
	m.stands = spot{}
	if t := l.namespaces[m.space]; t.asked.Len()+t.others.Len() == 0 {
		l.turns.Remove(t.place)
		delete(l.namespaces, m.space)
	}
}

// next takes the entry out of the line whose turn it is; nil where none may go.
func (l *line) next() *entry { return l.pick(true, true) }

// pick takes the next entry out of the line among those that owners asked for, the others, or both; nil where
// none of them waits whose namespace has a place.
func (l *line) pick(asked, others bool) *entry {
	asked, others = asked && l.asked > 0, others && l.others > 0
	if !asked && !others {
		return nil
	}
	for place := l.turns.Front(); place != nil; place = place.Next() {
		t := place.Value.(*turn)
		m := t.first(asked, others)
		switch {
		case m == nil:
		case t.space.full() && !l.placed:
			t.skip(m)
		default:
			l.turns.MoveToBack(place)
			l.remove(m)
			return m
		}
	}
	return nil
}

// first is the next entry of a namespace among those that owners asked for, the others, or both; nil where none
// waits.
func (t *turn) first(asked, others bool) *entry {
	var first *list.Element
	if asked {
		first = t.asked.Front()
	}
	if first == nil && others {
		first = t.others.Front()
	}
	if first == nil {
		return nil
	}
	return first.Value.(*entry)
}
