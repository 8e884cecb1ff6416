// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "testing"

func TestAShareOfFailuresIsKnownOrNot(t *testing.T) {
	for name, c := range map[string]struct {
		deliveries Deliveries
		share      float64
		known      bool
	}{
		"nothing is told":             {},
		"failures of an unknown sum":  {deliveries: Deliveries{Failed: new(int64(3))}},
		"a sum of unknown failures":   {deliveries: Deliveries{Count: new(int64(3))}},
		"nothing was sent":            {deliveries: Deliveries{Count: new(int64(0)), Failed: new(int64(0))}},
		"none failed":                 {deliveries: Deliveries{Count: new(int64(4)), Failed: new(int64(0))}, known: true},
		"a quarter failed":            {deliveries: Deliveries{Count: new(int64(4)), Failed: new(int64(1))}, share: 0.25, known: true},
		"more failed than there were": {deliveries: Deliveries{Count: new(int64(4)), Failed: new(int64(9))}, share: 1, known: true},
		"the sender tells the share":  {deliveries: Deliveries{Share: new(0.7)}, share: 0.7, known: true},
		"the sender tells nonsense":   {deliveries: Deliveries{Share: new(-1.0)}, known: true},
	} {
		t.Run(name, func(t *testing.T) {
			share, known := c.deliveries.FailedShare()
			if share != c.share || known != c.known {
				t.Errorf("expected %g, %t, found %g, %t", c.share, c.known, share, known)
			}
		})
	}
}
