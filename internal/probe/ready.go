// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "slices"

// readyList are the entries that are due and wait for a place: in their lane, at their host, or among all
// probes in flight. Namespaces take turns, so that one with very many or very slow targets does not keep
// the others waiting; within a namespace who is due first is served first.
type readyList struct {
	entries []*entry
	// grown says that entries were added since they were put in order.
	grown bool
	// turns says when each namespace that waits was last served.
	turns map[string]int
	turn  int
}

func (r *readyList) add(m *entry) {
	m.waiting = true
	r.entries, r.grown = append(r.entries, m), true
}

// compact drops those that do not wait any more.
func (r *readyList) compact() {
	r.entries = slices.DeleteFunc(r.entries, func(m *entry) bool { return !m.waiting || m.gone })
}

// waiting is how many wait.
func (r *readyList) waiting() int {
	r.compact()
	return len(r.entries)
}

// serve offers each entry to begin, which says whether it took a place.
func (r *readyList) serve(begin func(*entry) bool) {
	if len(r.entries) == 0 {
		return
	}
	if r.grown {
		slices.SortStableFunc(r.entries, func(a, b *entry) int { return a.due.Compare(b.due) })
		r.grown = false
	}
	if r.ofOneNamespace() {
		for _, m := range r.entries {
			begin(m)
		}
		r.compact()
		return // There is nobody to take turns with.
	}
	waiting, namespaces := map[string][]*entry{}, []string(nil)
	for _, m := range r.entries {
		name := m.id.Namespace
		if len(waiting[name]) == 0 {
			namespaces = append(namespaces, name)
		}
		waiting[name] = append(waiting[name], m)
	}
	slices.SortStableFunc(namespaces, func(a, b string) int { return r.turns[a] - r.turns[b] })
	for len(namespaces) > 0 {
		namespaces = slices.DeleteFunc(namespaces, func(name string) bool {
			for len(waiting[name]) > 0 {
				m := waiting[name][0]
				waiting[name] = waiting[name][1:]
				if begin(m) {
					r.served(name)
					break
				}
			}
			return len(waiting[name]) == 0
		})
	}
	r.compact()
	r.forget()
}

func (r *readyList) ofOneNamespace() bool {
	first := r.entries[0].id.Namespace
	return !slices.ContainsFunc(r.entries, func(m *entry) bool { return m.id.Namespace != first })
}

func (r *readyList) served(namespace string) {
	if r.turns == nil {
		r.turns = map[string]int{}
	}
	r.turn++
	r.turns[namespace] = r.turn
}

// forget drops the turns of namespaces that do not wait.
func (r *readyList) forget() {
	waiting := map[string]bool{}
	for _, m := range r.entries {
		waiting[m.id.Namespace] = true
	}
	for name := range r.turns {
		if !waiting[name] {
			delete(r.turns, name)
		}
	}
}
