// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"hash/fnv"
	"time"

	"mainstay.dev/mainstay/internal/target"
)

// heartbeat has lastProbeTime move although nothing else did: once in every beat, each object at its own
// moment of it.
type heartbeat struct {
	every, phase time.Duration
	// slack is how long after a beat a probe has surely ended, so that what is written belongs to it.
	slack time.Duration
}

func (r *Reconciler) heartbeat(object target.Dependency) heartbeat {
	h := fnv.New64a()
	_, _ = h.Write([]byte(object.GetUID()))
	period := time.Duration(object.SharedSpec().PeriodSeconds) * time.Second
	return heartbeat{
		every: r.Heartbeat,
		phase: time.Duration(h.Sum64() % uint64(max(r.Heartbeat, 1))),
		// A tenth is more than the engine's jitter. Where periods are longer than beats any probe will do.
		slack: min(period+period/10, r.Heartbeat),
	}
}

// last is the moment of the latest beat.
func (h heartbeat) last(now time.Time) time.Time {
	return now.Add(-h.phase).Truncate(h.every).Add(h.phase)
}

// due says whether the last probe has to be written: it is newer than what was written, which is older
// than the latest beat.
func (h heartbeat) due(written, probedAt, now time.Time) bool {
	if h.every <= 0 || probedAt.IsZero() {
		return false
	}
	last := h.last(now)
	return written.Before(last) && written.Before(probedAt.Truncate(time.Second)) &&
		(!probedAt.Before(last) || h.slack == h.every)
}

// wait is how long it is until a probe may be due to be written; 0 for never.
func (h heartbeat) wait(probedAt, now time.Time) time.Duration {
	if h.every <= 0 || probedAt.IsZero() {
		return 0
	}
	next := h.last(now).Add(h.slack)
	for !next.After(now) {
		next = next.Add(h.every)
	}
	return next.Sub(now)
}
