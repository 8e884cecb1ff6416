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
	namespaces map[string]*turn
	// asked and others are how many wait that owners asked for, and how many others.
	asked, others int
}

// turn are the entries of one namespace in a line.
type turn struct {
	place *list.Element // in the line's turns
	// asked are those that owners asked for.
	asked, others list.List
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
	t := l.namespaces[m.id.Namespace]
	if t == nil {
		if l.namespaces == nil {
			l.namespaces = map[string]*turn{}
		}
		t = &turn{}
		t.place = l.turns.PushBack(t)
		l.namespaces[m.id.Namespace] = t
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
	if t := l.namespaces[m.id.Namespace]; t.asked.Len()+t.others.Len() == 0 {
		l.turns.Remove(t.place)
		delete(l.namespaces, m.id.Namespace)
	}
}

// next takes the entry out of the line whose turn it is; nil where none waits.
func (l *line) next() *entry { return l.pick(true, true) }

// pick takes the next entry out of the line among those that owners asked for, the others, or both; nil where
// none of them waits.
func (l *line) pick(asked, others bool) *entry {
	asked, others = asked && l.asked > 0, others && l.others > 0
	if !asked && !others {
		return nil
	}
	for place := l.turns.Front(); place != nil; place = place.Next() {
		t := place.Value.(*turn)
		var first *list.Element
		if asked {
			first = t.asked.Front()
		}
		if first == nil && others {
			first = t.others.Front()
		}
		if first != nil {
			m := first.Value.(*entry)
			l.turns.MoveToBack(place)
			l.remove(m)
			return m
		}
	}
	return nil
}
