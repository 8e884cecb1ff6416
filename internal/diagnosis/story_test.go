// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
)

// dependency is one object that is probed again and again, without an engine and without an API server.
type dependency struct {
	target  probe.Target
	subject diagnosis.Subject
	verdict probe.Verdict
	// accepted is what was written to status.acceptedSecret.
	accepted *v1alpha1.SecretVersion
}

// newDependency is an object with the defaults of the API, whose first attempt is running.
func newDependency() *dependency {
	d := &dependency{
		target: probe.Target{
			Kind: "AIProvider", Provider: "OpenAI", BaseURL: "https://api.openai.com/v1",
			Credential: probe.NewSecret("sk-1"), Wants: probe.AIWants{Models: []string{"gpt-5"}},
			Period: time.Minute, Timeout: 10 * time.Second, FailureThreshold: 3, SuccessThreshold: 1,
		},
		subject: diagnosis.Subject{
			Kind: "AIProvider", Namespace: "shop", Name: "chat", SecretName: "openai",
			Terms: probe.Terms{
				Provider: "OpenAI", Host: "api.openai.com:443", Credential: "API key", Keys: []string{"apiKey"},
			},
			Generation: 1, ReadyWhen: v1alpha1.ReadyWhenProvisioned,
		},
		verdict: probe.Verdict{Key: probe.Key{
			UID: "object", Generation: 1, Secret: probe.Version{UID: "secret", ResourceVersion: "1"},
		}},
	}
	d.verdict.Stages[probe.Configured].Finding = probe.Pass()
	return d
}

// probed adds outcomes, one probe each.
func (d *dependency) probed(outcomes ...probe.Outcome) *dependency {
	for _, o := range outcomes {
		d.verdict = diagnosis.Settle(d.verdict, d.target, o, time.Unix(0, 0))
		if v := d.verdict; v.Accepted != (probe.Fingerprint{}) && v.Stages[probe.Authenticated].Finding.Result == probe.Passed {
			d.accepted = &v1alpha1.SecretVersion{UID: v.Key.Secret.UID, ResourceVersion: v.Key.Secret.ResourceVersion}
		}
	}
	return d
}

// edited is what a new generation of the spec does to the verdict.
func (d *dependency) edited() *dependency {
	key := d.verdict.Key
	key.Generation++
	d.subject.Generation = key.Generation
	d.verdict = d.verdict.For(key, true)
	return d
}

// ownHost lets the spec choose the host.
func (d *dependency) ownHost() *dependency {
	d.target.OwnHost, d.target.BaseURL = true, "https://llm.shop.example/v1"
	d.subject.Host = "llm.shop.example:443"
	return d
}

// hostInSecret has the Secret choose the host.
func (d *dependency) hostInSecret() *dependency {
	d.ownHost()
	d.subject.Host, d.subject.HostHidden = "the host in Secret openai", true
	return d
}

// in lets the spec choose a region.
func (d *dependency) in(region string) *dependency {
	d.subject.Region = region
	return d
}

// at has the dependency be one of a provider, whose words its messages take.
func (d *dependency) at(kind, name string) *dependency {
	p, _ := provider.Find(kind, name)
	host := d.subject.Host
	d.subject.Kind, d.subject.Terms = kind, p.Terms("apiKey")
	d.subject.Host = host
	return d
}

// withKeys has the Secret hold several values.
func (d *dependency) withKeys(keys ...string) *dependency {
	d.subject.Keys = keys
	return d
}

func (d *dependency) conditions() []metav1.Condition {
	return diagnosis.Conditions(d.verdict, d.subject)
}

// shows returns a condition as "True Passed", or nothing where it is absent.
func (d *dependency) shows(kind string) string { return show(d.conditions(), kind) }

func show(conditions []metav1.Condition, kind string) string {
	for _, c := range conditions {
		if c.Type == kind {
			return string(c.Status) + " " + c.Reason
		}
	}
	return ""
}

// expect compares conditions with wants such as "Healthy True Passed"; "Stalled" alone is an absent one.
func expect(t *testing.T, when string, conditions []metav1.Condition, wants []string) {
	t.Helper()
	for _, want := range wants {
		kind, state, _ := strings.Cut(want, " ")
		if got := show(conditions, kind); got != state {
			t.Errorf("%s: expected %s %q, found %q", when, kind, state, got)
		}
	}
}

// The outcomes that stories are made of. Each is what a probe of a provider really brings back.

func passedUpTo(last probe.Stage) probe.Outcome {
	var o probe.Outcome
	o.PassUpTo(last)
	return o
}

// good is an outcome without any fault.
func good() probe.Outcome {
	o := passedUpTo(probe.Provisioned)
	o.Set(probe.Working, probe.Finding{Result: probe.NotApplicable})
	return o
}

// fails is an outcome with one fault, at which the probe ended.
func fails(s probe.Symptom, args ...string) probe.Outcome {
	last := s.Stage() - 1
	if s.Stage() == probe.Working {
		last = probe.Reachable // A limit says nothing of the credential.
	}
	var o probe.Outcome
	if s.Stage() > probe.Configured {
		o = passedUpTo(last)
	}
	if s.Stage() == probe.Provisioned {
		o.Set(probe.Working, probe.Finding{Result: probe.NotApplicable})
	}
	o.Fail(s, args...)
	return o
}

// open is a good outcome with another finding at one stage.
func open(stage probe.Stage, f probe.Finding) probe.Outcome {
	o := good()
	o.Set(stage, f)
	return o
}

func sendOnly() probe.Outcome {
	return open(probe.Provisioned, probe.Finding{
		Result: probe.Unprovable, Symptom: probe.SendOnlyKey, Args: []string{"mail.shop.example"},
	})
}

// unproven is what a provider answers to a key that is wrong or may only send.
func unproven() probe.Outcome {
	o := passedUpTo(probe.Reachable)
	o.Set(probe.Authenticated, probe.Finding{Result: probe.Undecided, Symptom: probe.KeyUnproven})
	return o
}

func lapsing() probe.Outcome {
	return open(probe.Provisioned, probe.Finding{
		Result: probe.Passed, Symptom: probe.DomainVerificationLapsing, Args: []string{"mail.shop.example"},
	})
}

// unsettled is a side question that stayed open.
func unsettled() probe.Outcome {
	return open(probe.Provisioned, probe.Finding{
		Result: probe.Undecided, Symptom: probe.ListTooLong, Args: []string{"mail.shop.example"},
	})
}

func times(n int, o probe.Outcome) []probe.Outcome {
	outcomes := make([]probe.Outcome, n)
	for i := range outcomes {
		outcomes[i] = o
	}
	return outcomes
}
