// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package controllers is the operator's only code that reads and writes objects in the API server. One
// type of reconciler serves every probed kind: it hands targets to the probe engine, and writes to the status what the engine's verdict
// amounts to. It never waits for a probe. Another, in dependencyset.go, tells each app what that means for
// it.
//
// To read it: Reconcile in reconciler.go, what it gathers in gather.go, what it writes in status.go, and
// what wakes it in setup.go.
package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

// Reconciler keeps the status of one kind's objects in step with the verdicts of the probe engine.
type Reconciler struct {
	client.Client
	// APIReader reads past the cache: values of Secrets are read when a target is built, and live as long
	// as the target does.
	APIReader client.Reader
	Kind      target.Kind
	// Engine probes on its own schedule, and wakes the reconciler when a verdict changes. Objects with one credential
	// at one host share a budget there, and each other's answers.
	Engine *probe.Engine
	// Options are what the administrator decides.
	Options target.Options
	Events  recorder.EventRecorder
	Metrics *Metrics
	// Heartbeat is how often lastProbeTime moves while nothing else does; 0 for never.
	Heartbeat time.Duration
	// Rereads says that nobody watches Secrets and ConfigMaps, so that their versions are read again and again.
	Rereads bool

	// written holds the last write to each object until the cache shows it.
	written ledger[*v1alpha1.DependencyStatus]
}

// +kubebuilder:rbac:groups=mainstay.dev,resources=accesschecks;aiproviders;emailproviders;publicapis;stripeaccounts;webhookendpoints;authproviders;dependencysets,verbs=list;watch
// +kubebuilder:rbac:groups=mainstay.dev,resources=accesschecks/status;aiproviders/status;emailproviders/status;publicapis/status;stripeaccounts/status;webhookendpoints/status;authproviders/status;dependencysets/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets;configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create

// Reconcile brings one object's status in step with its verdict. An unhealthy provider is a success here:
// errors are what goes wrong with reading and writing objects, and leave the status as it is.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	id := probe.ID{Kind: r.Kind.Name, Namespace: req.Namespace, Name: req.Name}
	object := r.Kind.New()
	if err := r.Get(ctx, req.NamespacedName, object); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(id)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if status, behind := r.written.latest(object); behind {
		*object.SharedStatus() = *status
	}
	result, err := r.judge(ctx, id, object)
	if err == nil && r.Rereads && !object.SharedSpec().Suspend {
		result.RequeueAfter = sooner(result.RequeueAfter, reread(object, time.Now()))
	}
	return result, err
}

// judge does so for an object that exists.
func (r *Reconciler) judge(ctx context.Context, id probe.ID, object target.Dependency) (ctrl.Result, error) {
	if object.SharedSpec().Suspend {
		r.Engine.Remove(id)
		return r.write(ctx, report{id: id, object: object, status: suspended(object)})
	}

	key, err := r.key(ctx, object)
	if err != nil {
		return ctrl.Result{}, err
	}
	verdict, known := r.Engine.Verdict(id)
	if known && verdict.Key == key {
		return r.settled(ctx, id, object, verdict)
	}
	return r.handOver(ctx, id, object)
}

// handOver gives the engine a new target, or shows at once why there is none to probe.
func (r *Reconciler) handOver(ctx context.Context, id probe.ID, object target.Dependency) (ctrl.Result, error) {
	inputs, key, err := r.gather(ctx, object)
	if err != nil {
		return ctrl.Result{}, err
	}
	t, configured := r.Options.Build(inputs)
	subject := r.subject(object)
	if configured.Result != probe.Passed {
		r.Engine.Remove(id)
		var outcome probe.Outcome
		outcome.Set(probe.Configured, configured)
		// To a verdict that has seen nothing yet the owner's fault counts at once. The request is answered by it, and no
		// probe has ended, so there is no time of one.
		verdict := diagnosis.Settle(probe.Verdict{Key: key}, t, outcome, time.Time{})
		return r.write(ctx, verdictReport(id, object, verdict, subject))
	}
	resumed := diagnosis.Resume(object.SharedStatus(), key, t)
	r.Engine.Set(id, t, resumed) // Of an object that it knows it keeps its own verdict, as far as that holds for the new key.
	return r.underWay(ctx, id, object, resumed)
}

// underWay shows an object whose probe has not ended. What its status says stands until then; one that was
// never visited shows what is known already.
func (r *Reconciler) underWay(ctx context.Context, id probe.ID, object target.Dependency, v probe.Verdict) (ctrl.Result, error) {
	subject := r.subject(object)
	if len(object.SharedStatus().Conditions) > 0 {
		r.Metrics.show(report{
			id: id, object: object, status: object.SharedStatus(), cause: diagnosis.Healthy(v, subject),
		})
		return ctrl.Result{}, nil
	}
	return r.write(ctx, verdictReport(id, object, configuredPassed(v), subject))
}

// configuredPassed adds to a verdict what is known of an object that has a target and was not probed yet.
func configuredPassed(v probe.Verdict) probe.Verdict {
	if !v.Attempted() {
		v.Stages[probe.Configured].Finding = probe.Pass()
	}
	return v
}

// settled writes a verdict of the object as it is now, once a probe has ended that counts, or the verdict is in doubt.
func (r *Reconciler) settled(ctx context.Context, id probe.ID, object target.Dependency, v probe.Verdict) (ctrl.Result, error) {
	if !v.Probed && v.Doubt == (probe.Symptom{}) {
		return r.underWay(ctx, id, object, v)
	}
	return r.write(ctx, verdictReport(id, object, configuredPassed(v), r.subject(object)))
}

// subject is what messages say of an object.
func (r *Reconciler) subject(object target.Dependency) diagnosis.Subject {
	return diagnosis.SubjectOf(r.Kind.Name, object, r.Options.Terms(r.Kind, object))
}

// forget drops what this process holds of an object that is gone. A probe in flight is cancelled, unless other objects
// take part in it, and what it still brings back counts for those alone.
func (r *Reconciler) forget(id probe.ID) {
	r.Metrics.forget(id)
	r.written.forget(client.ObjectKey{Namespace: id.Namespace, Name: id.Name})
	r.Engine.Remove(id)
}

// verdictReport is what the object's status has to become for a verdict.
func verdictReport(id probe.ID, object target.Dependency, v probe.Verdict, s diagnosis.Subject) report {
	status := object.SharedStatus().DeepCopy()
	status.Conditions = diagnosis.Conditions(v, s)
	otherSecret := v.Probed && !equality.Semantic.DeepEqual(status.ObservedSecret, secretVersion(v.Key.Secret))
	if otherSecret || status.ObservedGeneration != object.GetGeneration() {
		status.Headroom, status.Deliveries = nil, nil // They were learned for another spec, or with another credential.
	}
	status.ObservedGeneration = object.GetGeneration()
	status.EffectivePeriodSeconds = int32(v.EffectivePeriod / time.Second)
	if len(v.Headroom) > 0 {
		status.Headroom = headroom(v.Headroom)
	}
	if v.Deliveries != nil {
		status.Deliveries = deliveries(*v.Deliveries)
	}
	status.CredentialExpiresAt = nil
	if !v.Expires.IsZero() {
		at := metav1.NewTime(v.Expires).Rfc3339Copy()
		status.CredentialExpiresAt = &at
	}
	status.ActionRequiredBy = nil
	if !v.Deadline.IsZero() {
		at := metav1.NewTime(v.Deadline).Rfc3339Copy()
		status.ActionRequiredBy = &at
	}
	if v.Probed && status.LastHandledRequest != v.Key.Request {
		status.LastHandledRequest = v.Key.Request
		status.LastRequestFinding = diagnosis.Unconfirmed(v, object.SharedSpec(), s)
	}
	if v.Probed {
		status.ObservedSecret = secretVersion(v.Key.Secret)
	}
	// What was let in under this version and is refused after a restart was revoked, and not mistyped.
	if v.Accepted != (probe.Fingerprint{}) && v.Stages[probe.Authenticated].Finding.Result == probe.Passed {
		status.AcceptedSecret = status.ObservedSecret
	}
	return report{
		id: id, object: object, status: status, probedAt: v.At,
		cause: diagnosis.Healthy(v, s), warnings: diagnosis.Warnings(v, s),
		facts: facts{headroom: v.Headroom, deliveries: v.Deliveries},
	}
}

// secretVersion is a version as the status has it; nil where the spec names no Secret.
func secretVersion(v probe.Version) *v1alpha1.SecretVersion {
	if v == (probe.Version{}) {
		return nil
	}
	return &v1alpha1.SecretVersion{UID: v.UID, ResourceVersion: v.ResourceVersion}
}

// suspended is what the status of a suspended object has to become. A request to probe now is answered by it.
func suspended(object target.Dependency) *v1alpha1.DependencyStatus {
	status := object.SharedStatus().DeepCopy()
	status.Conditions = diagnosis.Suspended(object.GetGeneration())
	status.ObservedGeneration = object.GetGeneration()
	if request := keyOf(object).Request; request != status.LastHandledRequest {
		status.LastHandledRequest, status.LastRequestFinding = request, nil
	}
	status.EffectivePeriodSeconds, status.Headroom, status.Deliveries = 0, nil, nil
	return status
}
