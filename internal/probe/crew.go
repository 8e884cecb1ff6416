// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"sync"
	"sync/atomic"
)

// resting is how many goroutines of a crew wait for work at most.
const resting = 16

// crew runs flights, each in a goroutine. A few of them stay for the next flight, since the stack of a new one
// has to grow first, which takes a good part of a probe's CPU time.
type crew struct {
	// run returns the flights that are to be run next.
	run  func(*flight) []*flight
	work chan *flight
	// end is closed when those without work are to leave.
	end  <-chan struct{}
	all  sync.WaitGroup
	idle atomic.Int32
}

// take runs a flight, and does not wait for it.
func (c *crew) take(f *flight) {
	select {
	case c.work <- f:
	default:
		c.all.Go(func() { c.serve(f) })
	}
}

func (c *crew) serve(f *flight) {
	for f != nil {
		next := c.run(f)
		if len(next) == 0 {
			f = c.rest()
			continue
		}
		f = next[0]
		for _, other := range next[1:] {
			c.take(other)
		}
	}
}

// rest waits for the next flight; nil where there is none to wait for.
func (c *crew) rest() *flight {
	defer c.idle.Add(-1)
	if c.idle.Add(1) > resting {
		return nil
	}
	select {
	case f := <-c.work:
		return f
	case <-c.end:
		return nil
	}
}
