// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

func TestDeliveriesAreShownCoarsely(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 24, 20, 15, 42, 7, time.UTC)
	for name, c := range map[string]struct {
		told probe.Deliveries
		want *v1alpha1.Deliveries
	}{
		"nothing is no fact": {},
		"what is not told is not zero": {
			told: probe.Deliveries{LastStatus: 500}, want: &v1alpha1.Deliveries{LastStatus: 500},
		},
		"one failure of many is not none": {
			told: probe.Deliveries{Window: time.Hour, Count: new(int64(12_345)), Failed: new(int64(1))},
			want: &v1alpha1.Deliveries{WindowSeconds: 3600, Count: new(int64(12_000)), FailedPercent: new(int32(1))},
		},
		"none of some": {
			told: probe.Deliveries{Count: new(int64(99)), Failed: new(int64(0)), DeadLettered: new(int64(0))},
			want: &v1alpha1.Deliveries{Count: new(int64(99)), FailedPercent: new(int32(0)), DeadLettered: new(int64(0))},
		},
		"a backlog": {
			told: probe.Deliveries{Waiting: new(int64(101)), WaitingSince: since},
			want: &v1alpha1.Deliveries{Waiting: new(int64(100)), WaitingSince: new(metav1.NewTime(since.Truncate(time.Minute)))},
		},
		"nonsense": {
			told: probe.Deliveries{Waiting: new(int64(-4)), LastStatus: 7}, want: &v1alpha1.Deliveries{Waiting: new(int64(0))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, deliveries(c.told)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
