// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"fmt"
	"slices"
	"testing"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// TestWhatIsNotBelievedYetIsKnown holds what can be told of the last probe beyond the conditions.
func TestWhatIsNotBelievedYetIsKnown(t *testing.T) {
	refused, limited := fails(probe.KeyRejected), fails(probe.RateLimited)
	for name, c := range map[string]struct {
		given     []probe.Outcome
		successes int
		want      string // reason, seen of threshold
	}{
		"nothing is wrong":                         {given: times(3, good())},
		"one failure of what worked":               {given: []probe.Outcome{good(), refused}, want: "APIKeyRevokedOrExpired 1 of 3"},
		"two failures of what worked":              {given: []probe.Outcome{good(), refused, refused}, want: "APIKeyRevokedOrExpired 2 of 3"},
		"three, which the conditions show":         {given: slices.Concat(times(1, good()), times(3, refused))},
		"one that is over":                         {given: []probe.Outcome{good(), refused, good()}},
		"the last of two that differ":              {given: []probe.Outcome{good(), refused, limited}, want: "RateLimited 1 of 3"},
		"what counts at once":                      {given: times(1, refused)},
		"an outage from the start, which is shown": {given: times(1, fails(probe.ServerError)), want: "ServerError 1 of 3"},
		"one success of two": {
			given: append(times(3, fails(probe.ServerError)), good()), successes: 2, want: "Passed 1 of 2",
		},
		"what is open": {given: times(2, unsettled())},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDependency()
			d.target.SuccessThreshold = max(c.successes, 1)
			d.probed(c.given...)
			spec := &v1alpha1.DependencySpec{FailureThreshold: 3, SuccessThreshold: int32(d.target.SuccessThreshold)}
			got := ""
			if f := diagnosis.Unconfirmed(d.verdict, spec, d.subject); f != nil {
				got = fmt.Sprintf("%s %d of %d", f.Reason, f.Seen, f.Threshold)
				if f.Message == "" {
					t.Error("expected a message")
				}
			}
			if got != c.want {
				t.Errorf("expected %q, found %q", c.want, got)
			}
		})
	}
}
