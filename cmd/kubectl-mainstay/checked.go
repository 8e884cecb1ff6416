// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"regexp"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// operators is what the Leases of the operators tell: one for each label selector. Who may not read them, and who runs
// an operator without, learns nothing here.
type operators struct {
	// live says that one renews its Lease, and silentSince is when the last one did where none does any more.
	live        bool
	silentSince time.Time
	// silent are the Leases that somebody holds and does not renew, although another operator lives.
	silent []silentLease
}

type silentLease struct {
	Name  string      `json:"name"`
	Since metav1.Time `json:"since"`
}

// grace is how long after its last renewal a Lease says nothing yet.
const grace = time.Minute

func (c *cluster) operators(ctx context.Context) operators {
	var leases coordinationv1.LeaseList
	if err := c.client.List(ctx, &leases, client.InNamespace(c.operatorNamespace)); err != nil {
		return operators{}
	}
	return attendance(leases.Items, c.now())
}

// attendance reads Leases. One without a holder was given up in good order: its operator is gone, or has another
// selector now.
func attendance(leases []coordinationv1.Lease, now time.Time) operators {
	var found operators
	for _, lease := range leases {
		if lease.Spec.RenewTime == nil || lease.Name != "mainstay" && !isShard.MatchString(lease.Name) {
			continue
		}
		renewed, held := lease.Spec.RenewTime.Time, lease.Spec.HolderIdentity != nil && *lease.Spec.HolderIdentity != ""
		switch {
		case held && now.Sub(renewed) < grace:
			found.live = true
			continue
		case held:
			found.silent = append(found.silent, silentLease{lease.Name, metav1.NewTime(renewed)})
		}
		if renewed.After(found.silentSince) {
			found.silentSince = renewed
		}
	}
	if found.live {
		found.silentSince = time.Time{}
	} else {
		found.silent = nil // It is said of each object.
	}
	return found
}

// isShard matches the Lease of an operator with a label selector.
var isShard = regexp.MustCompile(`^mainstay-[0-9a-f]{8}$`)

// silent says of each operator that is gone while another lives that it is. Which objects it looks after, its label
// selector knows.
func (p *page) silent(leases []silentLease) {
	for _, lease := range leases {
		p.line("")
		p.text("The operator that holds Lease %s has not renewed it since %s: the objects that it looks after are not checked.",
			lease.Name, moment(lease.Since.Time))
	}
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04Z") }

// notCheckedSince says since when no operator looks at a dependency; zero where one does, where nobody knows, and for
// what is suspended.
func (s survey) notCheckedSince(d dependency) time.Time {
	if d.SharedSpec().Suspend {
		return time.Time{}
	}
	return s.operators.silentSince
}

// fresh says whether a verdict that rests on requests was renewed of late, or an operator lives that will. Where nothing
// changes lastProbeTime moves once in a heartbeat, which is an hour unless the operator's flags say otherwise.
func (s survey) fresh(d dependency, now time.Time) bool {
	const heartbeat = time.Hour
	stale := 2*heartbeat + 3*time.Duration(d.SharedSpec().PeriodSeconds)*time.Second
	return d.live() && s.notCheckedSince(d).IsZero() && (s.operators.live || now.Sub(d.SharedStatus().LastProbeTime.Time) <= stale)
}

// checked says how much the verdict on a dependency is worth now.
func (s survey) checked(d dependency, now time.Time) cell {
	since := s.notCheckedSince(d)
	switch {
	case d.SharedSpec().Suspend:
		return cell{text: "suspended"}
	case !since.IsZero():
		return cell{"not since " + moment(since), yellow}
	case !d.live():
		return cell{text: "by its config"}
	}
	last := ago(now.Sub(d.SharedStatus().LastProbeTime.Time))
	if s.fresh(d, now) {
		return cell{text: "live, " + last}
	}
	return cell{"last " + last, yellow}
}

// ago writes a duration in its largest unit.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d.Minutes()), "minute") + " ago"
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour") + " ago"
	}
	return count(int(d.Hours()/24), "day") + " ago"
}
