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
	run  func(*flight)
	work chan *flight
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
	for more := true; more; {
		c.run(f)
		if c.idle.Add(1) > resting {
			c.idle.Add(-1)
			return
		}
		f, more = <-c.work
		c.idle.Add(-1)
	}
}

// dismiss returns once no flight is under way. Nothing is taken after it.
func (c *crew) dismiss() {
	close(c.work)
	c.all.Wait()
}
