// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"container/heap"
	"time"
)

// alarm is a moment at which there is something to do: for an entry, which is due then, or for a lane, which
// opens then for those that wait in it.
type alarm struct {
	at time.Time
	// place in the queue; negative while the alarm is not set.
	place int
	entry *entry
	lane  *lane
}

// set has the alarm ring at a moment, and not before.
func (q *alarmQueue) set(a *alarm, at time.Time) {
	a.at = at
	if a.place >= 0 {
		heap.Fix(q, a.place)
		return
	}
	heap.Push(q, a)
}

// unset has the alarm not ring.
func (q *alarmQueue) unset(a *alarm) {
	if a.place >= 0 {
		heap.Remove(q, a.place)
	}
}

// setAlarm has an alarm ring at a moment, and not before.
func (e *Engine) setAlarm(a *alarm, at time.Time) {
	e.queue.set(a, at)
	if at.Before(e.asleep) {
		e.notify()
	}
}

// alarmQueue is a heap of the alarms that are set, by their moments.
type alarmQueue []*alarm

func (q alarmQueue) Len() int           { return len(q) }
func (q alarmQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q alarmQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push implements heap.Interface.
func (q *alarmQueue) Push(x any) {
	a := x.(*alarm)
	a.place = len(*q)
	*q = append(*q, a)
}

// Pop implements heap.Interface.
func (q *alarmQueue) Pop() any {
	last := len(*q) - 1
	a := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	a.place = -1
	return a
}
