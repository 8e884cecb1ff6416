// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"math"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// facts are what a probe learned beyond its verdict.
type facts struct {
	headroom   []probe.Headroom
	deliveries *probe.Deliveries
	expires    time.Time
}

// keep takes up what a probe learned; what it did not tell stays. When the credential expires is read from the status,
// which outlives the process.
func (f *facts) keep(learned facts) {
	if len(learned.headroom) > 0 {
		f.headroom = learned.headroom
	}
	if learned.deliveries != nil {
		f.deliveries = learned.deliveries
	}
}

// headroom is what the status says of a provider's limits.
func headroom(of []probe.Headroom) []v1alpha1.Headroom {
	const step = 10 // percent
	shown := make([]v1alpha1.Headroom, len(of))
	for i, h := range of {
		used := 100 * (h.Limit - min(h.Remaining, h.Limit)) / max(h.Limit, 1)
		shown[i] = v1alpha1.Headroom{
			Resource: h.Resource, Limit: new(int64(min(h.Limit, math.MaxInt32))), UsedPercent: new(int32(used) / step * step),
		}
	}
	slices.SortFunc(shown, func(a, b v1alpha1.Headroom) int { return strings.Compare(a.Resource, b.Resource) })
	return shown
}

// deliveries is what the status says of a sender's deliveries.
func deliveries(of probe.Deliveries) *v1alpha1.Deliveries {
	shown := &v1alpha1.Deliveries{
		WindowSeconds: int32(of.Window / time.Second), Count: twoDigits(of.Count),
		DeadLettered: twoDigits(of.DeadLettered), Waiting: twoDigits(of.Waiting),
	}
	if of.LastStatus >= 100 && of.LastStatus < 600 {
		shown.LastStatus = int32(of.LastStatus)
	}
	if share, known := of.FailedShare(); known {
		shown.FailedPercent = new(int32(math.Ceil(100 * share)))
	}
	if !of.WaitingSince.IsZero() {
		at := metav1.NewTime(of.WaitingSince.Truncate(time.Minute)).Rfc3339Copy()
		shown.WaitingSince = &at
	}
	if *shown == (v1alpha1.Deliveries{}) {
		return nil
	}
	return shown
}

// twoDigits rounds a count down to its first two digits.
func twoDigits(count *int64) *int64 {
	if count == nil {
		return nil
	}
	rounded, unit := max(*count, 0), int64(1)
	for rounded/unit >= 100 {
		unit *= 10
	}
	return new(rounded / unit * unit)
}
