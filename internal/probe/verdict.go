// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"crypto/sha256"
	"slices"
	"time"
)

// Key says what a verdict was made for: one version of the object, of what it refers to, and of the
// request to probe now. A verdict with another key is an answer to another question.
type Key struct {
	UID        string
	Generation int64
	Secret     Version
	CA         Version
	Request    string
}

// sameSpec says whether another key is of the same spec of the same object.
func (k Key) sameSpec(other Key) bool { return k.UID == other.UID && k.Generation == other.Generation }

// isRequest says whether another key differs in the request to probe now, and in nothing else.
func (k Key) isRequest(other Key) bool {
	differs := k.Request != other.Request
	k.Request = other.Request
	return differs && k == other
}

// Version is one version of an object in the API server; the zero Version is no object.
type Version struct{ UID, ResourceVersion string }

// Verdict is what the outcomes of one target amount to so far.
type Verdict struct {
	Key    Key
	Stages [StageCount]Standing
	// Probed says that an attempt for this key has ended.
	Probed bool
	// OwnHost says that the spec chose the host, Answered that it answered once in this generation.
	OwnHost, Answered bool
	// Accepted is the Login that the provider last accepted; zero where it never did.
	Accepted Fingerprint
	// At is when the last attempt ended.
	At time.Time
	// Doubt is why nobody knows whether the verdict still holds; zero where it does.
	Doubt Symptom
	// Headroom is what the provider last said of its limits. It moves with every probe, and so nobody is told
	// of it.
	Headroom []Headroom
	// Deliveries is what a sender of webhooks last said of its deliveries, of which nobody is told for the same
	// reason.
	Deliveries *Deliveries
	// Expires is when the credential expires; zero where that is not known. It moves no more often than the
	// credential does.
	Expires time.Time
	// Deadline is by when the provider wants the owner to act; zero where it names no time.
	Deadline time.Time
	// EffectivePeriod is how often the target is probed where that is less often than asked for; else 0.
	EffectivePeriod time.Duration
}

// Login stands for a target's credential at its base URL. A key that one server accepted was not for
// that reason accepted by another.
func (t Target) Login() Fingerprint {
	credential := t.Credential.Fingerprint()
	return sha256.Sum256(append(credential[:], t.BaseURL...))
}

// Standing is what holds at one stage.
type Standing struct {
	// Finding is what the condition shows.
	Finding Finding
	// Firm says that a failed finding is believed: False rather than Unknown.
	Firm bool
	// Recalled is the message under which an earlier process showed the finding, whose arguments are lost.
	Recalled string
	// Proven says that the stage was good once for this subject.
	Proven bool

	// Reached says that the last outcome said something of this stage.
	Reached bool
	// Bad and Good count the outcomes in a row that were not good, and good; Fails those that failed.
	Bad, Good, Fails int
	// Rival is another finding than the one shown, seen RivalSeen times in a row. Where what is shown is good, it
	// is the last of Bad findings.
	Rival     Finding
	RivalSeen int
}

// Believed says whether the stage shows a failure that counts.
func (s Standing) Believed() bool { return s.Finding.Result == Failed && s.Firm }

// Counting says whether the last outcome was seen but is not believed yet, so that the next probe is due
// sooner. What a failure that is believed is called may take its time.
func (v Verdict) Counting() bool {
	for _, s := range v.Stages {
		if s.Reached && s.counting() {
			return true
		}
	}
	return false
}

func (s Standing) counting() bool {
	switch {
	case s.Finding.Result.Good():
		return s.Bad > 0
	case s.Finding.Result == Failed && !s.Firm:
		return true
	}
	return s.Good > 0 || s.RivalSeen > 0 && !s.Firm
}

// Unconfirmed returns what the last outcome found at the first stage that does not show it, since it takes
// several in a row, and how many there were. A finding that is good is a recovery.
func (v Verdict) Unconfirmed() (f Finding, seen int, found bool) {
	for _, s := range v.Stages {
		switch {
		case !s.Reached || !s.counting():
		case s.Finding.Result.Good():
			return s.Rival, s.Bad, true
		case s.Good > 0:
			return Pass(), s.Good, true
		case s.RivalSeen > 0:
			return s.Rival, s.RivalSeen, true
		default:
			return s.Finding, s.Fails, true
		}
	}
	return Finding{}, 0, false
}

// Attempted says whether an attempt has ended for what the verdict is about, in this process or an earlier
// one: an attempt finds something of the way to the provider at least.
func (v Verdict) Attempted() bool {
	return v.Probed || slices.ContainsFunc(v.Stages[Reachable:], func(s Standing) bool {
		return s.Finding.Result != NotReached
	})
}

// Shows says whether both verdicts show the same to a user.
func (v Verdict) Shows(other Verdict) bool {
	if v.Key != other.Key || v.Probed != other.Probed || v.Answered != other.Answered || v.Accepted != other.Accepted ||
		v.Doubt != other.Doubt || v.EffectivePeriod != other.EffectivePeriod || !v.Deadline.Equal(other.Deadline) ||
		!v.Expires.Equal(other.Expires) {
		return false
	}
	for i, s := range v.Stages {
		if !s.Finding.Equal(other.Stages[i].Finding) || s.Recalled != other.Stages[i].Recalled || s.Firm != other.Stages[i].Firm {
			return false
		}
	}
	return true
}

// For returns the verdict with which a target starts that replaces the one of v. All of it holds where
// the generation is the same and so is what is sent, for which same stands: a request to probe now, or an
// edit of the Secret that leaves the credential alone, takes nothing back. Else only that counts which
// still says something; when a credential expires is true of it whatever else the spec asks for.
func (v Verdict) For(key Key, same bool) Verdict {
	sameSpec := v.Key.sameSpec(key)
	if sameSpec && same {
		v.Key, v.Probed = key, false
		return v
	}
	next := Verdict{Key: key, Accepted: v.Accepted, Answered: v.Answered && sameSpec}
	if same {
		next.Expires = v.Expires
	}
	return next
}
