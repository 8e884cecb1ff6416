// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

var sameSymptom = cmp.Comparer(func(a, b probe.Symptom) bool { return a == b })

// standing is a verdict in which something is known of everything.
func standing() probe.Verdict {
	v := fresh("a")
	v.Probed, v.OwnHost, v.Answered, v.At = true, true, true, time.Unix(1, 0)
	v.Accepted, v.Expires = targetOf("a").Login(), time.Unix(2, 0)
	v.Stages[probe.Reachable] = probe.Standing{Finding: probe.Pass(), Proven: true, Reached: true, Bad: 1}
	v.Stages[probe.Authenticated] = probe.Standing{Finding: probe.Fail(probe.KeyRejected), Firm: true, Good: 1, Reached: true}
	return v
}

func TestWhatAVerdictIsWorthForAnotherKey(t *testing.T) {
	cases := map[string]struct {
		edit func(*probe.Key)
		same bool
		want func(probe.Verdict) probe.Verdict
	}{
		"a request to probe now keeps everything but that it was probed": {
			edit: func(k *probe.Key) { k.Request = "now" }, same: true,
			want: func(v probe.Verdict) probe.Verdict { v.Probed = false; return v },
		},
		"an edit of the Secret that leaves the credential alone takes nothing back": {
			edit: func(k *probe.Key) { k.Secret.ResourceVersion = "2" }, same: true,
			want: func(v probe.Verdict) probe.Verdict { v.Probed = false; return v },
		},
		"another generation keeps what was accepted, and when that expires": {
			edit: func(k *probe.Key) { k.Generation++ }, same: true,
			want: func(v probe.Verdict) probe.Verdict { return probe.Verdict{Accepted: v.Accepted, Expires: v.Expires} },
		},
		"another credential keeps what was accepted, and that the host answered": {
			edit: func(k *probe.Key) { k.Secret.ResourceVersion = "2" },
			want: func(v probe.Verdict) probe.Verdict {
				return probe.Verdict{Accepted: v.Accepted, Answered: true}
			},
		},
		"other certificates keep what was accepted, and that the host answered": {
			edit: func(k *probe.Key) { k.CA.ResourceVersion = "2" },
			want: func(v probe.Verdict) probe.Verdict {
				return probe.Verdict{Accepted: v.Accepted, Answered: true}
			},
		},
		"another object keeps what was accepted": {
			edit: func(k *probe.Key) { k.UID = "another" },
			want: func(v probe.Verdict) probe.Verdict { return probe.Verdict{Accepted: v.Accepted} },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := standing()
			key := v.Key
			c.edit(&key)
			want := c.want(v)
			want.Key = key
			if diff := cmp.Diff(want, v.For(key, c.same), sameSymptom); diff != "" {
				t.Errorf("verdict (-want +found):\n%s", diff)
			}
		})
	}
}

func TestWhatOfAVerdictIsShown(t *testing.T) {
	cases := map[string]struct {
		edit func(*probe.Verdict)
		same bool
	}{
		"nothing moved":                   {edit: func(*probe.Verdict) {}, same: true},
		"a probe ended later":             {edit: func(v *probe.Verdict) { v.At = time.Unix(2, 0) }, same: true},
		"something is counted":            {edit: func(v *probe.Verdict) { v.Stages[1].Bad++ }, same: true},
		"a recovery is counted":           {edit: func(v *probe.Verdict) { v.Stages[2].Good++ }, same: true},
		"another name is counted":         {edit: func(v *probe.Verdict) { v.Stages[2].RivalSeen++ }, same: true},
		"a stage was not reached":         {edit: func(v *probe.Verdict) { v.Stages[1].Reached = false }, same: true},
		"the key is another":              {edit: func(v *probe.Verdict) { v.Key.Request = "now" }},
		"the first attempt ended":         {edit: func(v *probe.Verdict) { v.Probed = false }},
		"the host answered first":         {edit: func(v *probe.Verdict) { v.Answered = false }},
		"the credential was accepted":     {edit: func(v *probe.Verdict) { v.Accepted = probe.Fingerprint{} }},
		"the credential expires later":    {edit: func(v *probe.Verdict) { v.Expires = time.Unix(3, 0) }},
		"a failure is believed":           {edit: func(v *probe.Verdict) { v.Stages[2].Firm = false }},
		"a symptom is another":            {edit: func(v *probe.Verdict) { v.Stages[2].Finding = probe.Fail(probe.KeyExpired) }},
		"an argument is another":          {edit: func(v *probe.Verdict) { v.Stages[2].Finding.Args = []string{"x"} }},
		"a result is another":             {edit: func(v *probe.Verdict) { v.Stages[1].Finding.Result = probe.NotApplicable }},
		"a message is no longer recalled": {edit: func(v *probe.Verdict) { v.Stages[2].Recalled = "x" }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := standing()
			c.edit(&v)
			if got := v.Shows(standing()); got != c.same {
				t.Errorf("expected that it shows the same %t, found %t", c.same, got)
			}
			if got := standing().Shows(v); got != c.same {
				t.Errorf("the other way round: expected %t, found %t", c.same, got)
			}
		})
	}
}

func TestWhatIsCounted(t *testing.T) {
	failed := probe.Fail(probe.TimedOut)
	undecided := probe.Finding{Result: probe.Undecided, Symptom: probe.TimedOut}
	cases := map[string]struct {
		given probe.Standing
		want  bool
	}{
		"a good stage":                                  {given: probe.Standing{Finding: probe.Pass()}},
		"a stage not reached yet":                       {},
		"a good stage that was bad":                     {given: probe.Standing{Finding: probe.Pass(), Bad: 1}, want: true},
		"a failure that is not believed":                {given: probe.Standing{Finding: failed, Bad: 1}, want: true},
		"a failure that is believed":                    {given: probe.Standing{Finding: failed, Firm: true, Bad: 9}},
		"a failure that was good":                       {given: probe.Standing{Finding: failed, Firm: true, Good: 1}, want: true},
		"a failure that goes by another name":           {given: probe.Standing{Finding: failed, Firm: true, Bad: 9, RivalSeen: 1}},
		"an open question":                              {given: probe.Standing{Finding: undecided, Bad: 9}},
		"an open question that may be a failure":        {given: probe.Standing{Finding: undecided, Bad: 9, RivalSeen: 1}, want: true},
		"what the credential cannot show":               {given: probe.Standing{Finding: probe.Finding{Result: probe.Unprovable}, Bad: 9}},
		"what has no such stage, and was found to fail": {given: probe.Standing{Finding: probe.Finding{Result: probe.NotApplicable}, Bad: 1}, want: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var v probe.Verdict
			c.given.Reached = true
			v.Stages[probe.Provisioned] = c.given
			if got := v.Counting(); got != c.want {
				t.Errorf("expected counting %t, found %t", c.want, got)
			}
			v.Stages[probe.Provisioned].Reached = false
			if v.Counting() {
				t.Error("expected that a stage which the last probe did not reach counts nothing")
			}
		})
	}
}

func TestALoginIsACredentialAtOneServer(t *testing.T) {
	login := func(url, key string) probe.Fingerprint {
		return probe.Target{BaseURL: url, Credential: probe.NewSecret(key)}.Login()
	}
	all := []probe.Fingerprint{
		login("https://a.example/v1", "sk-1"), login("https://a.example/v1", "sk-2"), login("https://b.example/v1", "sk-1"),
		login("https://a.example/v1", ""), login("", "sk-1"), {},
	}
	for i, a := range all {
		if slices.Index(all, a) != i {
			t.Errorf("login %d is that of another credential or server", i)
		}
	}
	if all[0] != login("https://a.example/v1", "sk-1") {
		t.Error("the same credential at the same server has two logins")
	}
}
