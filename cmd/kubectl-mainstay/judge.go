// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/target"
)

// maxInFlight bounds how many probes run at once.
const maxInFlight = 32

// judging is what findings are made from.
type judging struct {
	options target.Options
	secrets givenSecrets
	input   manifest.Input
	now     func() time.Time
}

// finding is one object with the status that it would get.
type finding struct {
	manifest.Dependency
	verdict probe.Verdict
	subject diagnosis.Subject
	// probed says that the verdict rests on requests, and not on the configuration alone.
	probed bool
	// hint is for the reader of this check alone, and part of no condition.
	hint string
}

// meets says whether a condition of the object is True.
func (f finding) meets(condition string) bool {
	return meta.IsStatusConditionTrue(f.Object.SharedStatus().Conditions, condition)
}

func (f finding) condition(kind string) metav1.Condition {
	if c := meta.FindStatusCondition(f.Object.SharedStatus().Conditions, kind); c != nil {
		return *c
	}
	return metav1.Condition{}
}

// judge probes every object of the input, as many as it may at once, and fills in their status.
func judge(ctx context.Context, j judging) []finding {
	network := probe.NewNetwork(j.options.Network("mainstay/" + versionName()))
	defer network.Renew()
	client := probe.Share(network)

	findings := make([]finding, len(j.input.Dependencies))
	free := make(chan struct{}, maxInFlight)
	var probes sync.WaitGroup
	for i, dependency := range j.input.Dependencies {
		findings[i] = finding{Dependency: dependency}
		f := &findings[i]
		t, configured := j.target(dependency)
		f.subject = diagnosis.SubjectOf(dependency.Kind.Name, dependency.Object, j.options.Terms(dependency.Kind, dependency.Object))
		if dependency.Object.SharedSpec().Suspend {
			f.suspend(j.now())
			continue
		}
		if configured.Result != probe.Passed {
			var o probe.Outcome
			o.Set(probe.Configured, configured)
			f.settle(t, o, j.now())
			f.hint = hint(*f, j.input)
			continue
		}
		probes.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			found := probeOnce(ctx, client, t)
			// What a cluster decides is not asked here, and then nothing was found of the way there.
			f.probed = found[probe.Reachable].Result != probe.NotReached
			f.settle(t, found, j.now())
		})
	}
	probes.Wait()
	return findings
}

// target builds what to probe. One probe is all there is, so its word counts.
func (j judging) target(d manifest.Dependency) (probe.Target, probe.Finding) {
	inputs := target.Inputs{Kind: d.Kind, Object: d.Object}
	namespace, spec := d.Object.GetNamespace(), d.Object.SharedSpec()
	if ref := spec.SecretRef; ref != nil {
		name := manifest.Name{Namespace: namespace, Name: ref.Name}
		inputs.Secret = j.secrets.over(find(j.input.Secrets, name), name, target.SecretKeys(d.Kind, d.Object))
	}
	if ref := spec.CARef; ref != nil {
		name := manifest.Name{Namespace: namespace, Name: ref.Name}
		if ref.Kind == "Secret" {
			inputs.CA = j.secrets.over(find(j.input.Secrets, name), name, []string{ref.Key})
		} else {
			inputs.CA = find(j.input.ConfigMaps, name)
		}
	}
	t, configured := j.options.Build(inputs)
	t.FailureThreshold, t.SuccessThreshold = 1, 1
	t.OptInDue = t.OptIn > 0
	return t, configured
}

func find(referents map[manifest.Name]target.Referent, name manifest.Name) *target.Referent {
	if r, found := referents[name]; found {
		return &r
	}
	return nil
}

// probeOnce runs one probe within the time of its spec. A panic is our own fault, and must not take the
// verdicts on the other objects with it.
func probeOnce(ctx context.Context, client probe.Client, t probe.Target) (o probe.Outcome) {
	defer func() {
		if recover() != nil {
			o = probe.Outcome{}
			o.Fail(probe.ProbeFailed)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	return provider.Probe(ctx, client, t).Outcome
}

func (f *finding) settle(t probe.Target, o probe.Outcome, now time.Time) {
	f.verdict = diagnosis.Settle(probe.Verdict{}, t, o, now)
	f.write(diagnosis.Conditions(f.verdict, f.subject), now)
	if f.probed {
		at := metav1.NewTime(now).Rfc3339Copy()
		f.Object.SharedStatus().LastProbeTime = &at
	}
}

func (f *finding) suspend(now time.Time) {
	f.write(diagnosis.Suspended(f.Object.GetGeneration()), now)
}

func (f *finding) write(conditions []metav1.Condition, now time.Time) {
	status := f.Object.SharedStatus()
	status.ObservedGeneration = f.Object.GetGeneration()
	status.Conditions = diagnosis.Merge(nil, conditions, now)
}
