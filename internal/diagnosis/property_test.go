// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// history is one random life of an object: what its spec says, and what its probes find.
type history struct {
	*rand.Rand
	*dependency
	// wasGood and wasFailed say what was found of each stage for this subject.
	wasGood, wasFailed [probe.StageCount]bool
}

func newHistory(seed uint64) *history {
	h := &history{Rand: rand.New(rand.NewPCG(seed, 0)), dependency: newDependency()}
	// The first write says that the spec is usable, and so was found good without a probe.
	h.wasGood[probe.Configured] = true
	h.target.FailureThreshold, h.target.SuccessThreshold = 1+h.IntN(4), 1+h.IntN(3)
	if h.IntN(2) == 0 {
		h.ownHost()
	}
	h.subject.ReadyWhen = []v1alpha1.ReadyWhen{
		v1alpha1.ReadyWhenConfigured, v1alpha1.ReadyWhenAuthenticated, v1alpha1.ReadyWhenProvisioned, v1alpha1.ReadyWhenHealthy,
	}[h.IntN(4)]
	return h
}

// finding returns anything that could be found at a stage.
func (h *history) finding(stage probe.Stage) probe.Finding {
	f := probe.Finding{Result: probe.Result(h.IntN(int(probe.NotApplicable) + 1))}
	switch f.Result {
	case probe.Failed, probe.Undecided, probe.Unprovable:
		var symptoms []probe.Symptom
		for _, s := range probe.Symptoms() {
			harmless := diagnosis.Of(s).Shows == probe.Unprovable || diagnosis.Of(s).Blame == ""
			if s.Stage() == stage && (!harmless || f.Result == probe.Unprovable) {
				symptoms = append(symptoms, s)
			}
		}
		f.Symptom = symptoms[h.IntN(len(symptoms))]
		f.Args = [][]string{nil, {"alpha"}, {"alpha", "beta"}}[h.IntN(3)]
	case probe.NotReached, probe.Passed, probe.NotApplicable:
	}
	return f
}

// anything is any outcome at all, the absurd ones included.
func (h *history) anything() probe.Outcome {
	var o probe.Outcome
	for _, stage := range probe.Stages() {
		o.Set(stage, h.finding(stage))
	}
	return o
}

// something is an outcome that a provider can bring back.
func (h *history) something() probe.Outcome {
	symptoms := probe.Symptoms()
	switch h.IntN(6) {
	case 0, 1:
		return good()
	case 2:
		return []probe.Outcome{sendOnly(), lapsing(), unsettled()}[h.IntN(3)]
	}
	switch s := symptoms[h.IntN(len(symptoms))]; {
	case s == probe.AddressNeverAdmitted, s == probe.UnresolvedBehindProxy:
		return good() // As with HandshakeFailed, AddressRefused stands for them.
	case s.Stage() == probe.Configured && s != probe.AddressRefused:
		return good() // No probe begins where the spec is not usable.
	case s == probe.KeyRevoked, diagnosis.Of(s).Shows != probe.Failed && diagnosis.Of(s).Reason != v1alpha1.ReasonProbeFailed:
		return good() // These are no failures that a probe finds.
	case s == probe.HandshakeFailed:
		return good() // After a restart it is not told from its twin of the same reason.
	default:
		return fails(s)
	}
}

// live adds an outcome, and now and then edits the object first.
func (h *history) live(o probe.Outcome) {
	key := h.verdict.Key
	before := h.target.Login()
	switch h.IntN(12) {
	case 0:
		key.Generation++
	case 1:
		key.Secret.ResourceVersion += "0"
		h.target.Credential = probe.NewSecret(fmt.Sprint("sk-", h.IntN(3)))
	case 2:
		key.Request += "again"
	}
	if key != h.verdict.Key {
		same := h.target.Login() == before
		if !same || key.Generation != h.verdict.Key.Generation {
			h.wasGood, h.wasFailed = [probe.StageCount]bool{}, [probe.StageCount]bool{}
		}
		h.subject.Generation, h.verdict = key.Generation, h.verdict.For(key, same)
	}
	for stage, f := range o {
		h.wasGood[stage] = h.wasGood[stage] || f.Result.Good()
		// To be shown nothing any more is a failure of a key that was accepted.
		revoked := f.Result == probe.Undecided && f.Symptom == probe.KeyUnproven && h.wasGood[stage]
		h.wasFailed[stage] = h.wasFailed[stage] || f.Result == probe.Failed || revoked
	}
	h.probed(o)
}

const (
	histories = 80
	probes    = 30
)

func TestWhateverIsFoundTheConditionsAreWellFormed(t *testing.T) {
	known := map[string]bool{}
	for _, reason := range reasonConstants(t) {
		known[reason] = true
	}
	types := conditionTypes(newDependency().conditions())
	for seed := range uint64(histories) {
		h := newHistory(seed)
		for range probes {
			h.live(h.anything())
			conditions := h.conditions()
			want := types
			if show(conditions, v1alpha1.ConditionStalled) != "" {
				want = append(append([]string(nil), types...), v1alpha1.ConditionStalled)
			}
			if diff := cmp.Diff(want, conditionTypes(conditions)); diff != "" {
				t.Fatalf("seed %d: the set or order of conditions moved (-want +found):\n%s", seed, diff)
			}
			for _, c := range conditions {
				if !known[c.Reason] || c.Message == "" || c.ObservedGeneration != h.verdict.Key.Generation {
					t.Fatalf("seed %d: malformed: %+v", seed, c)
				}
			}
		}
	}
}

func TestWhateverIsFoundNothingIsClaimedThatWasNot(t *testing.T) {
	for seed := range uint64(histories) {
		h := newHistory(seed)
		for range probes {
			h.live(h.anything())
			conditions := h.conditions()
			for _, stage := range probe.Stages()[:probe.Working] {
				switch status := status(conditions, stage.String()); {
				case status == metav1.ConditionTrue && !h.wasGood[stage]:
					t.Fatalf("seed %d: %s is True and was never found good", seed, stage)
				case status == metav1.ConditionFalse && !h.wasFailed[stage]:
					t.Fatalf("seed %d: %s is False and was never found to fail", seed, stage)
				}
			}
			h.checkHealthy(t, seed, conditions)
			h.checkReady(t, seed, conditions)
		}
	}
}

// checkHealthy holds the verdict against the stages that it is made of.
func (h *history) checkHealthy(t *testing.T, seed uint64, conditions []metav1.Condition) {
	t.Helper()
	cause := diagnosis.Healthy(h.verdict, h.subject)
	believed, standing := false, false
	for _, s := range h.verdict.Stages {
		believed = believed || s.Believed() && diagnosis.Of(s.Finding.Symptom).Reason == cause.Reason
		standing = standing || s.Finding.Result == probe.Failed || s.Finding.Result == probe.Undecided
	}
	switch {
	case cause.Status != metav1.ConditionFalse && show(conditions, v1alpha1.ConditionStalled) != "":
		t.Fatalf("seed %d: Stalled by what is not believed", seed)
	case cause.Status == metav1.ConditionTrue && standing:
		t.Fatalf("seed %d: Healthy is True while something is wrong or open", seed)
	case cause.Status == metav1.ConditionFalse && !believed:
		t.Fatalf("seed %d: Healthy is False by %s, which no stage shows as believed", seed, cause.Reason)
	case (cause.Blame == "") != !standing:
		t.Fatalf("seed %d: Healthy is %s %s and blames %q", seed, cause.Status, cause.Reason, cause.Blame)
	}
}

// checkReady holds the gate against the stages that it counts.
func (h *history) checkReady(t *testing.T, seed uint64, conditions []metav1.Condition) {
	t.Helper()
	ready := status(conditions, v1alpha1.ConditionReady)
	if ready == metav1.ConditionUnknown {
		t.Fatalf("seed %d: Ready is Unknown although an attempt has ended", seed)
	}
	if h.subject.ReadyWhen == v1alpha1.ReadyWhenHealthy {
		if status(conditions, v1alpha1.ConditionHealthy) != metav1.ConditionTrue && ready != metav1.ConditionFalse {
			t.Fatalf("seed %d: Ready waits for Healthy, and does not", seed)
		}
		return
	}
	reason := ""
	for _, c := range conditions {
		if c.Type == v1alpha1.ConditionHealthy {
			break
		}
		if reason == "" && c.Status == metav1.ConditionFalse && h.ownersFault(c.Reason) {
			reason = c.Reason
		}
		if c.Type == string(h.subject.ReadyWhen) {
			break
		}
	}
	if (ready == metav1.ConditionFalse) != (reason != "") || reason != "" && show(conditions, v1alpha1.ConditionReady) != "False "+reason {
		t.Fatalf("seed %d: expected Ready to be False by %q, found %q", seed, reason, show(conditions, v1alpha1.ConditionReady))
	}
}

func (h *history) ownersFault(reason string) bool {
	d := diagnosis.ForReason(reason)[0]
	return d.Blame == diagnosis.Owner || d.OwnHostBlame == diagnosis.Owner && h.target.OwnHost && !h.verdict.Answered
}

func TestWhateverWasFoundTheSameAgainSettlesDown(t *testing.T) {
	for seed := range uint64(histories) {
		h := newHistory(seed)
		for range h.IntN(probes) {
			h.live(h.anything())
		}
		o := h.anything()
		h.probed(times(max(h.target.FailureThreshold, h.target.SuccessThreshold), o)...)
		settled, conditions := h.verdict, h.conditions()
		if settled.Counting() {
			t.Errorf("seed %d: still counting after the thresholds", seed)
		}
		for range 3 {
			h.probed(o)
			if !settled.Shows(h.verdict) {
				t.Fatalf("seed %d: the same outcome woke the reconciler once more", seed)
			}
			if diff := cmp.Diff(conditions, h.conditions()); diff != "" {
				t.Fatalf("seed %d: the same outcome changed the conditions once more (-before +after):\n%s", seed, diff)
			}
		}
	}
}

func TestWhateverWasFoundARestartChangesNothing(t *testing.T) {
	for seed := range uint64(4 * histories) {
		h := newHistory(seed)
		if h.subject.ReadyWhen == v1alpha1.ReadyWhenHealthy || h.subject.ReadyWhen == v1alpha1.ReadyWhenConfigured {
			h.subject.ReadyWhen = v1alpha1.ReadyWhenProvisioned // The others do not tell who was to blame.
		}
		if h.target.OwnHost {
			h.target.SuccessThreshold = 1 // Else later stages may be True on a host that is not yet Reachable.
		}
		var last probe.Outcome
		for range 1 + h.IntN(probes) {
			last = h.something()
			h.live(last)
		}
		if h.shows(v1alpha1.ConditionConfigured) != "True Passed" {
			continue // Nothing stands of an object that could not be probed.
		}
		before := h.conditions()
		next := h.restarted(h.status())
		if diff := cmp.Diff(before, next.conditions()); next.verdict.Probed && diff != "" {
			t.Fatalf("seed %d: the status does not stand after a restart (-before +after):\n%s", seed, diff)
		}
		if h.target.OwnHost && h.shows(v1alpha1.ConditionReachable) != "True Passed" {
			continue // The status does not always tell whether a host of one's own has answered.
		}
		if h.shows(v1alpha1.ConditionAuthenticated) == "False "+v1alpha1.ReasonAPIKeyRevokedOrExpired && next.verdict.Accepted != h.verdict.Accepted {
			continue // Nor whether other bytes were accepted: a key in doubt is taken for a mistyped one.
		}
		if diff := cmp.Diff(before, next.probed(last).conditions()); diff != "" {
			t.Fatalf("seed %d: the same was found again, and the status changed (-before +after):\n%s", seed, diff)
		}
	}
}

func status(conditions []metav1.Condition, kind string) metav1.ConditionStatus {
	for _, c := range conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return ""
}
