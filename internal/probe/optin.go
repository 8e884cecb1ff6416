// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "time"

// optIn is the rhythm of what a spec opted in to, which is slower than that of the probes: every so often a
// probe does it as well.
type optIn struct {
	// due is when it is to be done next.
	due time.Time
	// judges are the stages that it alone can judge, as of when it was last done: a probe that does not do it
	// says nothing of them, unless it finds them failed.
	judges StageSet
	// recalled says that it was last done by an earlier process, so that nobody knows what it alone judges.
	recalled bool
}

// optInPause is the least time after which something is done again that failed and is not believed yet.
const optInPause = time.Minute

// begins gives an entry the rhythm of its target. What was judged by an earlier process is done again at
// the entry's own moment within the rhythm, and else at once.
func (o *optIn) begins(t Target, judged bool, uid string, now time.Time) {
	*o = optIn{due: now, judges: StageSet(0).With(Working), recalled: judged}
	if judged {
		o.due = now.Add(phase(uid, t.OptIn))
	}
}

// isDue says whether the next probe of a target does it as well.
func (o *optIn) isDue(t Target, now time.Time) bool { return t.OptIn > 0 && !now.Before(o.due) }

// nearlyDue says whether more than half of the wait is over.
func (o *optIn) nearlyDue(t Target, now time.Time) bool {
	return t.OptIn > 0 && !now.Before(o.due.Add(-t.OptIn/2))
}

// admit leaves open in an outcome what it cannot judge.
func (o *optIn) admit(t Target, r Report) Outcome {
	if t.OptIn == 0 || r.OptIn != 0 {
		return r.Outcome
	}
	for stage, found := range r.Outcome {
		open := found.Result == Undecided || found.Result == Unprovable
		if o.judges.Has(Stage(stage)) && found.Result != Failed || o.recalled && open {
			r.Outcome[stage] = Finding{}
		}
	}
	return r.Outcome
}

// done plans the next time, sooner where what was found is not believed yet.
func (o *optIn) done(t Target, r Report, v Verdict, now time.Time) {
	if r.OptIn == 0 {
		return
	}
	o.recalled, o.judges, o.due = false, r.OptIn.With(Working), now.Add(t.OptIn)
	for stage, standing := range v.Stages {
		if r.OptIn.Has(Stage(stage)) && standing.counting() {
			o.due = now.Add(min(t.OptIn, max(optInPause, t.OptIn/countingShare)))
		}
	}
}
