// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"

// Progress is a reason that says how far a condition has come rather than what is wrong.
type Progress struct{ Reason, Seen, Advice string }

// ProgressReasons returns the reasons that name no fault.
func ProgressReasons() []Progress {
	return []Progress{
		{Reason: v1alpha1.ReasonPassed, Seen: "Proven by the last probes."},
		{Reason: v1alpha1.ReasonNotApplicable, Seen: "This provider, or this spec, has nothing to prove at this stage."},
		{
			Reason: v1alpha1.ReasonNotReached, Seen: "An earlier stage keeps the probe from getting here.",
			Advice: "Look at the first condition that is not True.",
		},
		{
			Reason: v1alpha1.ReasonProbing, Seen: "The first probe has not ended yet.",
			Advice: "Wait for it: it takes no longer than spec.timeoutSeconds.",
		},
		{
			Reason: v1alpha1.ReasonUnproven,
			Seen:   "On Ready: nothing that the owner can mend is known to be wrong, but not all is proven.",
			Advice: "Rollouts may go on; the reason of Healthy says what is open.",
		},
		{
			Reason: v1alpha1.ReasonSuspended, Seen: "Nothing is probed, since spec.suspend is true.",
			Advice: "Set spec.suspend to false to probe again.",
		},
	}
}
