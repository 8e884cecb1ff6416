// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"slices"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// Settle adds one outcome to a verdict. What the owner got wrong counts at once on a stage that was
// never proven for this generation and Secret; everything else has to be seen several times in a row.
func Settle(v probe.Verdict, t probe.Target, o probe.Outcome, at time.Time) probe.Verdict {
	v.Probed, v.At, v.OwnHost = true, at, t.OwnHost
	o = tellRevoked(v, t, o)
	if o[probe.Reachable].Symptom == probe.KeysRefused {
		acquit(&v.Stages[probe.Authenticated])
	}
	for stage, found := range o {
		s := &v.Stages[stage]
		if found.Result == probe.Failed && Of(found.Symptom).Doubts() {
			found.Result = probe.Undecided // A fault of Mainstay's own ended the probe, and proves nothing wrong.
		}
		switch {
		case found.Result == probe.NotReached:
			if blocked(v, probe.Stage(stage)) {
				*s = probe.Standing{Proven: s.Proven}
			}
		case found.Result.Good():
			settleGood(s, found, t.SuccessThreshold)
		default:
			settleBad(s, found, weigh(v, found, t.FailureThreshold))
		}
		s.Reached = found.Result != probe.NotReached
	}
	v.Answered = v.Answered || v.Stages[probe.Reachable].Proven
	if o[probe.Authenticated].Result == probe.Passed {
		v.Accepted = t.Login()
	}
	return v
}

// tellRevoked tells a key that was accepted before from one that never was: they look the same to most
// providers. A key that is shown nothing any more, and was shown something before, may not be a sending key.
func tellRevoked(v probe.Verdict, t probe.Target, o probe.Outcome) probe.Outcome {
	f := o[probe.Authenticated]
	switch {
	case v.Accepted != t.Login():
	case f.Symptom == probe.KeyRejected:
		f.Symptom = probe.KeyRevoked
	case f.Result == probe.Undecided && f.Symptom == probe.KeyUnproven && v.Stages[probe.Authenticated].Proven:
		f = probe.Fail(probe.KeyRevoked)
	}
	o.Set(probe.Authenticated, f)
	return o
}

// acquit takes back that a key which was accepted before is bad, since the provider refuses others too.
func acquit(s *probe.Standing) {
	if s.Proven && slices.Contains([]probe.Symptom{probe.KeyRevoked, probe.KeyRejected}, s.Finding.Symptom) {
		*s = probe.Standing{Proven: true}
	}
}

// blocked says whether a stage that was not reached loses its value. An outage or a rate limit takes
// nothing back, but a credential that is believed to be bad does.
func blocked(v probe.Verdict, stage probe.Stage) bool {
	for earlier := range stage {
		if earlier != probe.Reachable && v.Stages[earlier].Believed() {
			return true
		}
	}
	return false
}

// weight says how much a finding that is not good counts.
type weight struct {
	// proves says that it counts at once, whatever was proven before.
	proves bool
	// mendable says that it failed for what the owner can mend.
	mendable bool
	// threshold is how many in a row it takes otherwise.
	threshold int
}

func weigh(v probe.Verdict, f probe.Finding, threshold int) weight {
	counts, failed := Of(f.Symptom).Counts, f.Result == probe.Failed
	return weight{
		proves:    failed && counts == AtOnce,
		mendable:  failed && counts == ByBlame && blameIn(v, f) == Owner,
		threshold: threshold,
	}
}

func settleGood(s *probe.Standing, f probe.Finding, threshold int) {
	s.Good, s.Bad, s.Fails, s.Rival, s.RivalSeen = s.Good+1, 0, 0, nil, 0
	recovering := s.Finding.Result == probe.Failed || s.Finding.Result == probe.Undecided
	if recovering && s.Good < threshold {
		return
	}
	*s = probe.Standing{Finding: f, Proven: true}
}

func settleBad(s *probe.Standing, f probe.Finding, w weight) {
	s.Bad, s.Good, s.Fails = s.Bad+1, 0, s.Fails+1
	if f.Result != probe.Failed {
		s.Fails = 0
	}
	atOnce := w.proves || w.mendable && !s.Proven
	firm := atOnce || s.Fails >= w.threshold
	if sameCause(*s, f) {
		s.Finding, s.Recalled = f, ""
	}
	shown := s.Finding.Result
	switch {
	case shown == probe.NotReached, shown.Good() && (atOnce || s.Bad >= w.threshold):
		s.Finding, s.Recalled, s.Rival = f, "", nil
	case shown.Good():
		s.Rival = &f // It is counted, and not shown yet.
		return
	case s.Finding.Equal(f):
		s.Rival, s.RivalSeen = nil, 0
	default:
		settleRival(s, f, w)
	}
	s.Firm = s.Finding.Result == probe.Failed && (s.Firm || firm)
}

// settleRival changes what a condition that is not True already says: at once where the owner can mend
// it, else after the new finding was seen several times in a row, so that reasons do not flap.
func settleRival(s *probe.Standing, f probe.Finding, w weight) {
	if s.Rival != nil && s.Rival.Equal(f) {
		s.RivalSeen++
	} else {
		s.Rival, s.RivalSeen = &f, 1
	}
	another := s.Finding.Symptom != f.Symptom // The same one with other names may wait.
	if w.proves || w.mendable && another || s.RivalSeen >= w.threshold {
		s.Finding, s.Recalled, s.Rival, s.RivalSeen = f, "", nil, 0
	}
}

// blameIn returns who can mend a finding, given who chose the host and whether it ever answered.
func blameIn(v probe.Verdict, f probe.Finding) Blame {
	d := Of(f.Symptom)
	if d.OwnHostBlame != "" && v.OwnHost && !v.Answered {
		return d.OwnHostBlame
	}
	return d.Blame
}
