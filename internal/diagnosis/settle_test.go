// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// step is one probe of a story, and what is shown after it.
type step struct {
	outcome probe.Outcome
	want    []string
}

func then(o probe.Outcome, want ...string) step { return step{o, want} }

func follow(t *testing.T, d *dependency, steps []step) {
	t.Helper()
	for i, s := range steps {
		d.probed(s.outcome)
		expect(t, "after probe "+string(rune('1'+i)), d.conditions(), s.want)
	}
}

func TestDebounce(t *testing.T) {
	cases := map[string]struct {
		given            *dependency
		failure, success int
		steps            []step
	}{
		"a fault of the owner counts at once where nothing was proven": {
			steps: []step{then(fails(probe.ModelNotAvailable, "gpt-6"), "Provisioned False ModelNotAvailable", "Ready False ModelNotAvailable")},
		},
		"a fault of the owner counts in a row where the stage was proven": {
			steps: []step{
				then(good()),
				then(fails(probe.ModelNotAvailable, "gpt-5"), "Provisioned True Passed", "Ready True Passed"),
				then(fails(probe.ModelNotAvailable, "gpt-5"), "Provisioned True Passed"),
				then(fails(probe.ModelNotAvailable, "gpt-5"), "Provisioned False ModelNotAvailable", "Ready False ModelNotAvailable"),
			},
		},
		"a key that was shown domains and is shown nothing any more was revoked, and is no sending key": {
			failure: 2,
			steps: []step{
				then(good()),
				then(unproven(), "Authenticated True Passed"),
				then(unproven(), "Authenticated False APIKeyRevokedOrExpired", "Ready False APIKeyRevokedOrExpired"),
			},
		},
		"a key that was never shown anything may be a sending key": {
			steps: []step{
				then(unproven(), "Authenticated Unknown APIKeyUnproven", "Healthy Unknown APIKeyUnproven", "Ready True Unproven"),
				then(unproven(), "Authenticated Unknown APIKeyUnproven"),
			},
		},
		"a stage stays proven while an earlier one hides it": {
			failure: 2,
			steps: []step{
				then(good()),
				then(fails(probe.KeyRejected)),
				then(fails(probe.KeyRejected), "Provisioned Unknown NotReached"),
				then(fails(probe.ModelNotAvailable, "gpt-5"), "Authenticated True Passed", "Provisioned Unknown ModelNotAvailable", "Ready True Unproven"),
				then(fails(probe.ModelNotAvailable, "gpt-5"), "Provisioned False ModelNotAvailable", "Ready False ModelNotAvailable"),
			},
		},
		"a new Secret makes a fault of the owner count at once again": {
			given: func() *dependency {
				d := newDependency().probed(good())
				key := d.verdict.Key
				key.Secret.ResourceVersion = "2"
				d.verdict, d.target.Credential = d.verdict.For(key, false), probe.NewSecret("sk-2")
				return d
			}(),
			steps: []step{then(fails(probe.KeyRejected), "Authenticated False InvalidAPIKey", "Ready False InvalidAPIKey")},
		},
		"what is not in a row does not count": {
			steps: []step{
				then(good()),
				then(fails(probe.ServerError)), then(fails(probe.ServerError)),
				then(good(), "Reachable True Passed"),
				then(fails(probe.ServerError)), then(fails(probe.ServerError), "Healthy True Passed"),
			},
		},
		"faults of different names count together, and the last one names the cause": {
			steps: []step{
				then(good()),
				then(fails(probe.ServerError)), then(fails(probe.TimedOut)),
				then(fails(probe.ConnectionClosed), "Reachable False ConnectionClosed"),
			},
		},
		"recovery takes successes in a row": {
			success: 2,
			steps: []step{
				then(good(), "Healthy True Passed"),
				then(fails(probe.ServerError)), then(fails(probe.ServerError)), then(fails(probe.ServerError), "Healthy False ServerError"),
				then(good(), "Healthy False ServerError"),
				then(fails(probe.ServerError), "Healthy False ServerError"),
				then(good(), "Healthy False ServerError"),
				then(good(), "Healthy True Passed"),
			},
		},
		"the first success of all is no recovery": {
			success: 3,
			steps:   []step{then(good(), "Healthy True Passed", "Ready True Passed")},
		},
		"a reason does not flap between faults that others have to mend": {
			failure: 2,
			steps: []step{
				then(good()),
				then(fails(probe.TimedOut)), then(fails(probe.TimedOut), "Healthy False TimedOut"),
				then(fails(probe.ServerError), "Healthy False TimedOut"),
				then(fails(probe.TimedOut), "Healthy False TimedOut"),
				then(fails(probe.ServerError), "Healthy False TimedOut"),
				then(fails(probe.ServerError), "Healthy False ServerError"),
			},
		},
		"a reason that the owner can mend shows at once": {
			failure: 2,
			steps: []step{
				then(good()),
				then(fails(probe.KeyRejected)), then(fails(probe.KeyRejected), "Healthy False APIKeyRevokedOrExpired"),
				then(fails(probe.KeyExpired), "Healthy False APIKeyExpired"),
			},
		},
		"a reason does not flap while it is still Unknown": {
			steps: []step{
				then(fails(probe.TimedOut), "Healthy Unknown TimedOut"),
				then(fails(probe.ServerError), "Healthy Unknown TimedOut"),
				then(fails(probe.TimedOut), "Healthy False TimedOut"),
			},
		},
		"an open question is Unknown however often": {
			steps: []step{
				then(good()), then(unsettled()), then(unsettled(), "Healthy True Passed"),
				then(unsettled(), "Provisioned Unknown ListTooLong", "Healthy Unknown ListTooLong", "Ready True Unproven"),
				then(unsettled()), then(unsettled()), then(unsettled(), "Provisioned Unknown ListTooLong", "Ready True Unproven"),
			},
		},
		"open questions are no failures in a row": {
			steps: []step{
				then(good()), then(unsettled()), then(unsettled()),
				then(fails(probe.DomainNotVerified, "mail.shop.example"), "Provisioned Unknown DomainNotVerified", "Ready True Unproven"),
			},
		},
		"a failure after open questions is counted from the start": {
			steps: []step{
				then(good()),
				then(fails(probe.DomainNotVerified)), then(fails(probe.DomainNotVerified)),
				then(fails(probe.DomainNotVerified), "Provisioned False DomainNotVerified"),
				then(unsettled()), then(unsettled()), then(unsettled(), "Provisioned Unknown ListTooLong"),
				then(fails(probe.DomainNotFound), "Provisioned Unknown DomainNotFound"),
			},
		},
		"what the key cannot show stays calm": {
			steps: []step{
				then(sendOnly(), "Provisioned Unknown SendOnlyKey", "Healthy True Passed"),
				then(sendOnly()), then(sendOnly()), then(sendOnly(), "Provisioned Unknown SendOnlyKey", "Healthy True Passed", "Ready True Unproven"),
			},
		},
		"one answer proves that the quota is spent, and one that it is not": {
			steps: []step{
				then(good()),
				then(fails(probe.QuotaExhausted), "Healthy False QuotaExhausted"),
				then(good(), "Healthy True Passed"),
			},
		},
		"a single rate limit does not take the place of a spent quota": {
			steps: []step{
				then(good()), then(fails(probe.QuotaExhausted)),
				then(fails(probe.RateLimited), "Healthy False QuotaExhausted"),
				then(fails(probe.RateLimited), "Healthy False QuotaExhausted"),
				then(fails(probe.RateLimited), "Healthy False RateLimited"),
			},
		},
		"a warning leaves everything True": {
			steps: []step{
				then(lapsing(), "Provisioned True DomainVerificationLapsing", "Healthy True Passed", "Ready True Passed"),
				then(good(), "Provisioned True Passed"),
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := c.given
			if d == nil {
				d = newDependency()
			}
			d.target.FailureThreshold, d.target.SuccessThreshold = max(c.failure, 0), max(c.success, 1)
			if c.failure == 0 {
				d.target.FailureThreshold = 3
			}
			follow(t, d, c.steps)
		})
	}
}

func TestAnOutageTakesNothingBack(t *testing.T) {
	cases := map[string]struct {
		before []probe.Outcome
		during probe.Outcome
		want   []string
	}{
		"what was proven stays so": {
			before: []probe.Outcome{good()}, during: fails(probe.TimedOut),
			want: []string{
				"Reachable False TimedOut", "Authenticated True Passed", "Authorized True Passed", "Provisioned True Passed",
				"Healthy False TimedOut", "Ready True Unproven",
			},
		},
		"what was wrong stays so, and holds the gate": {
			before: []probe.Outcome{fails(probe.ScopeMissing, "api.model.read")}, during: fails(probe.TimedOut),
			want: []string{
				"Reachable False TimedOut", "Authorized False InsufficientScope", "Provisioned Unknown NotReached",
				"Healthy False TimedOut", "Ready False InsufficientScope",
			},
		},
		"a rate limit takes nothing back either": {
			before: []probe.Outcome{fails(probe.KeyRejected)}, during: fails(probe.RateLimited),
			want: []string{
				"Reachable True Passed", "Authenticated False InvalidAPIKey", "Healthy False InvalidAPIKey", "Ready False InvalidAPIKey",
			},
		},
		"a page of something else takes nothing back": {
			before: []probe.Outcome{good()}, during: fails(probe.UnexpectedAnswer),
			want: []string{"Reachable False UnexpectedAnswer", "Provisioned True Passed", "Ready True Unproven"},
		},
		"a failure of Mainstay takes nothing back": {
			before: []probe.Outcome{good()},
			during: func() (o probe.Outcome) { o.Fail(probe.ProbeFailed); return o }(),
			want: []string{
				"Configured True Passed", "Reachable Unknown ProbeFailed", "Provisioned True Passed",
				"Healthy Unknown ProbeFailed", "Ready True Unproven",
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDependency().probed(c.before...).probed(times(5, c.during)...)
			expect(t, name, d.conditions(), c.want)
		})
	}
}

// TestAFaultOfMainstayIsNoneOfTheDependency holds that what says nothing of a dependency turns nothing False, and is
// shown after no fewer probes than a failure.
func TestAFaultOfMainstayIsNoneOfTheDependency(t *testing.T) {
	for _, row := range diagnosis.ForReason(v1alpha1.ReasonProbeFailed) {
		fault, down := fails(row.Symptom), fails(probe.TimedOut)
		for name, c := range map[string]struct {
			outcomes []probe.Outcome
			want     []string
		}{
			"from the start":      {times(5, fault), []string{"Reachable Unknown ProbeFailed", "Healthy Unknown ProbeFailed", "Ready True Unproven"}},
			"below the threshold": {append(times(1, good()), times(2, fault)...), []string{"Reachable True Passed", "Healthy True Passed"}},
			"at the threshold":    {append(times(1, good()), times(3, fault)...), []string{"Reachable Unknown ProbeFailed", "Healthy Unknown ProbeFailed"}},
			"during an outage":    {append(times(3, down), times(2, fault)...), []string{"Reachable False TimedOut", "Healthy False TimedOut"}},
			"after an outage":     {append(times(3, down), times(3, fault)...), []string{"Reachable Unknown ProbeFailed", "Healthy Unknown ProbeFailed"}},
		} {
			t.Run(row.Symptom.String()+" "+name, func(t *testing.T) {
				d := newDependency().probed(c.outcomes...)
				expect(t, name, d.conditions(), c.want)
				if cause := diagnosis.Healthy(d.verdict, d.subject); cause.Reason == v1alpha1.ReasonProbeFailed && cause.Blame != diagnosis.Mainstay {
					t.Errorf("expected Mainstay to be blamed, found %q", cause.Blame)
				}
			})
		}
	}
}

func TestAnOutageOfAnotherGenerationSaysNothing(t *testing.T) {
	d := newDependency().probed(good()).edited().probed(times(5, fails(probe.TimedOut))...)
	expect(t, "edited during an outage", d.conditions(), []string{
		"Reachable False TimedOut", "Authenticated Unknown NotReached", "Healthy False TimedOut", "Ready True Unproven",
	})
}

// warnings are the symptoms of what is good still.
var warnings = []probe.Symptom{
	probe.DomainVerificationLapsing, probe.CertificateEnding, probe.SPFPassesAll, probe.TakesNoMail,
	probe.DMARCMissing, probe.DMARCNotEnforced, probe.KeyExpiringSoon, probe.AccountUnderReview, probe.RequirementsDue,
	probe.DuplicateEndpoint, probe.ClocksDiffer, probe.SigningCertificateExpired, probe.ConfirmationEmailsNotShown,
}

func TestWarnings(t *testing.T) {
	d := newDependency().probed(lapsing())
	want := []diagnosis.Warning{{
		Reason: "DomainVerificationLapsing",
		Message: "The domain mail.shop.example still sends, but OpenAI no longer finds all of its DNS records. " +
			"Restore the DNS records that OpenAI shows for the domain before its verification ends.",
	}}
	if diff := cmp.Diff(want, diagnosis.Warnings(d.verdict, d.subject)); diff != "" {
		t.Errorf("warnings (-want +found):\n%s", diff)
	}
	for name, o := range map[string]probe.Outcome{
		"nothing is wrong": good(), "a stage failed": fails(probe.KeyRejected), "the key cannot show it": sendOnly(),
	} {
		d := newDependency().probed(o)
		if got := diagnosis.Warnings(d.verdict, d.subject); len(got) != 0 {
			t.Errorf("%s: expected no warning, found %v", name, got)
		}
	}
	for _, row := range diagnosis.All() {
		if warns := row.Shows == probe.Passed && row.Blame != ""; warns != slices.Contains(warnings, row.Symptom) {
			t.Errorf("%s: the table and this test disagree on what is a warning", row.Symptom)
		}
	}
}

// TestTheNextProbeIsSoonerWhileSomethingIsCounted holds what makes a probe due before its period.
func TestTheNextProbeIsSoonerWhileSomethingIsCounted(t *testing.T) {
	cases := map[string]struct {
		success  int
		outcomes []probe.Outcome
		want     bool
	}{
		"nothing is wrong":                      {outcomes: []probe.Outcome{good()}},
		"a failure is not believed yet":         {outcomes: []probe.Outcome{good(), fails(probe.TimedOut)}, want: true},
		"a failure is believed":                 {outcomes: append([]probe.Outcome{good()}, times(3, fails(probe.TimedOut))...)},
		"a first failure is still Unknown":      {outcomes: []probe.Outcome{fails(probe.TimedOut)}, want: true},
		"a recovery is not believed yet":        {success: 2, outcomes: []probe.Outcome{fails(probe.KeyRejected), good()}, want: true},
		"what the key cannot show":              {outcomes: times(2, sendOnly())},
		"an open question stays open":           {outcomes: times(4, unsettled())},
		"an outage goes by another name now":    {outcomes: append(times(3, fails(probe.TimedOut)), fails(probe.ServerError))},
		"an outage keeps the key from counting": {outcomes: append([]probe.Outcome{good(), fails(probe.KeyRejected)}, times(3, fails(probe.TimedOut))...)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDependency()
			d.target.SuccessThreshold = max(c.success, 1)
			if got := d.probed(c.outcomes...).verdict.Counting(); got != c.want {
				t.Errorf("expected counting %t, found %t", c.want, got)
			}
		})
	}
}
