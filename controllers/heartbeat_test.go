// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

// TestLastProbeTimeMovesOncePerHeartbeat plays probes and reconciles on a clock of its own: the reconciler
// is woken when it asked for, and writes when it says that it is due.
func TestLastProbeTimeMovesOncePerHeartbeat(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		period, every time.Duration
		// Over a hundred beats or probes, whichever are rarer.
		least, most int
	}{
		"a probe a minute":                    {time.Minute, time.Hour, 100, 100},
		"a probe every ten seconds":           {10 * time.Second, time.Hour, 100, 100},
		"probes nearly as rare as beats":      {50 * time.Minute, time.Hour, 95, 101},
		"probes rarer than beats":             {2 * time.Hour, time.Hour, 99, 101},
		"probes as rare as the API lets them": {24 * time.Hour, time.Hour, 99, 101},
		"beats shorter than the least period": {time.Minute, 30 * time.Second, 99, 101},
		"beats as long as periods":            {10 * time.Second, 10 * time.Second, 90, 101},
	} {
		t.Run(name, func(t *testing.T) {
			for _, uid := range []types.UID{"a", "b", "c", "d", "e"} {
				ai := &v1alpha1.AIProvider{}
				ai.UID, ai.Spec.PeriodSeconds = uid, int32(c.period/time.Second)
				h := (&Reconciler{Heartbeat: c.every}).heartbeat(ai)
				if writes := play(h, c.period, 100*max(c.period, c.every)); writes < c.least || writes > c.most {
					t.Errorf("object %s: expected %d to %d writes, found %d", uid, c.least, c.most, writes)
				}
			}
		})
	}
}

// play returns how often lastProbeTime is written within a span.
func play(h heartbeat, period, span time.Duration) (writes int) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	probedAt, written := begin, begin
	for now := begin; ; {
		now = now.Add(h.wait(probedAt, now))
		if now.After(begin.Add(span)) {
			return writes
		}
		probedAt = begin.Add(now.Sub(begin).Truncate(period))
		if h.due(written, probedAt, now) {
			written = probedAt.Truncate(time.Second)
			writes++
		}
	}
}

func TestNoHeartbeatWhereNoneIsAskedFor(t *testing.T) {
	t.Parallel()
	h := (&Reconciler{}).heartbeat(&v1alpha1.AIProvider{})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if h.due(time.Time{}, now, now.Add(24*time.Hour)) || h.wait(now, now) != 0 {
		t.Error("expected neither a write nor a wake-up")
	}
}
