// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "time"

// Deliveries is how a sender's deliveries to a webhook endpoint fare. What is nil or zero the sender did not tell,
// and so it is not known: a share of failures that is not known is not a share of zero.
type Deliveries struct {
	// Window is how far back Count and Failed reach.
	Window time.Duration
	// Count is how many deliveries were tried and came to an end, Failed how many of them failed.
	Count, Failed *int64
	// Share is the part that failed, from 0 to 1, of a sender that tells it without Failed.
	Share *float64
	// LastStatus is the HTTP status that the endpoint answered last.
	LastStatus int
	// DeadLettered is how many the sender has given up, Waiting how many wait for an attempt, and WaitingSince
	// since when the oldest of them does.
	DeadLettered, Waiting *int64
	WaitingSince          time.Time
}

// FailedShare returns the part of the deliveries that failed, from 0 to 1, and whether that is known. Of no
// deliveries at all no part has failed and none has succeeded.
func (d Deliveries) FailedShare() (share float64, known bool) {
	switch {
	case d.Share != nil:
		return min(max(*d.Share, 0), 1), true
	case d.Count == nil || d.Failed == nil || *d.Count <= 0:
		return 0, false
	}
	return min(max(float64(*d.Failed)/float64(*d.Count), 0), 1), true
}
