// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

// FieldOwner is the name under which the operator owns the fields of the status.
const FieldOwner = "mainstay"

// report is what an object's status has to become, and what is worth telling besides.
type report struct {
	id     probe.ID
	object target.Dependency
	status *v1alpha1.DependencyStatus
	// probedAt is when the last probe ended; zero where none did.
	probedAt time.Time
	cause    diagnosis.Cause
	warnings []diagnosis.Warning
	// facts are what the verdict knows beyond its conditions.
	facts facts
}

// write applies the whole status where it differs from what stands, or where a heartbeat is due, and
// tells the world what changed. Otherwise it leaves the API server alone.
func (r *Reconciler) write(ctx context.Context, p report) (ctrl.Result, error) {
	now := time.Now()
	old := p.object.SharedStatus().DeepCopy()
	p.status.Conditions = diagnosis.Merge(old.Conditions, p.status.Conditions, now)
	r.Metrics.show(p)
	beat := r.heartbeat(p.object)
	again := ctrl.Result{RequeueAfter: beat.wait(p.probedAt, now)}
	if unchanged(old, p.status) && !beat.due(timeOf(old.LastProbeTime), p.probedAt, now) {
		return again, nil
	}
	if !p.probedAt.IsZero() {
		at := metav1.NewTime(p.probedAt).Rfc3339Copy()
		p.status.LastProbeTime = &at
	}
	*p.object.SharedStatus() = *p.status
	version, err := applyStatus(ctx, r.Client, r.Kind.Name, p.object)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		return ctrl.Result{}, nil // The object is gone, or is another one of the same name.
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("apply status: %w", err)
	}
	r.written.add(p.object, version, p.status)
	r.tell(p, old)
	return again, nil
}

// unchanged says whether two statuses are the same, but for what is no reason to write.
func unchanged(old, status *v1alpha1.DependencyStatus) bool {
	status = status.DeepCopy()
	status.Headroom, status.Deliveries = old.Headroom, old.Deliveries
	return equality.Semantic.DeepEqual(old, status)
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// applyStatus writes the whole status as the one owner of its fields. The UID makes the API server refuse
// it for an object that was created anew. It returns the resource version of the result.
func applyStatus(ctx context.Context, to client.Client, kind string, object client.Object) (string, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return "", err
	}
	u := &unstructured.Unstructured{Object: map[string]any{"status": content["status"]}}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	u.SetNamespace(object.GetNamespace())
	u.SetName(object.GetName())
	u.SetUID(object.GetUID())
	err = to.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(FieldOwner), client.ForceOwnership)
	return u.GetResourceVersion(), err
}

// tell emits events: one where the status of Healthy or the party to blame changed, and one for each
// early warning that is new.
func (r *Reconciler) tell(p report, old *v1alpha1.DependencyStatus) {
	healthy := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionHealthy)
	before := meta.FindStatusCondition(old.Conditions, v1alpha1.ConditionHealthy)
	if healthy.Reason != v1alpha1.ReasonProbing && (before == nil || before.Status != healthy.Status || !blames(before.Reason, p.cause.Blame)) {
		kind, reason := corev1.EventTypeWarning, healthy.Reason
		if healthy.Status == metav1.ConditionTrue {
			kind, reason = corev1.EventTypeNormal, v1alpha1.ConditionHealthy
		} else if reason == v1alpha1.ReasonSuspended {
			kind = corev1.EventTypeNormal
		}
		r.Events.Eventf(p.object, r.related(p), kind, reason, "Probe", "%s", note(healthy.Message))
	}
	for _, w := range p.warnings {
		known := slices.ContainsFunc(old.Conditions, func(c metav1.Condition) bool {
			return c.Reason == w.Reason || strings.Contains(c.Message, w.Message)
		})
		if !known {
			r.Events.Eventf(p.object, r.related(p), corev1.EventTypeWarning, w.Reason, "Probe", "%s", note(w.Message))
		}
	}
}

// note cuts a message to what an event may hold.
func note(message string) string {
	const most = 1024
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most-len("…")], "") + "…"
}

// blames says whether a reason may blame a party; a reason that says nothing is wrong blames nobody.
func blames(reason string, party diagnosis.Blame) bool {
	known := diagnosis.ForReason(reason)
	if len(known) == 0 {
		return party == ""
	}
	return known[0].Blame == party || known[0].OwnHostBlame == party && party != ""
}

// related is the Secret of an object, where what is wrong is mended there.
func (r *Reconciler) related(p report) runtime.Object {
	ref := p.object.SharedSpec().SecretRef
	if ref == nil || p.cause.Blame != diagnosis.Owner {
		return nil
	}
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: p.object.GetNamespace(), Name: ref.Name},
	}
}

// ledger remembers the last status that was written to each object of a kind until the cache shows it, so
// that a reconcile in between neither writes nor tells the same again.
type ledger[S interface{ DeepCopy() S }] struct {
	mu    sync.Mutex
	lines map[types.NamespacedName]line[S]
}

type line[S any] struct {
	uid     types.UID
	version string // the resource version that the write made
	status  S
}

func (l *ledger[S]) add(object client.Object, version string, status S) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = map[types.NamespacedName]line[S]{}
	}
	l.lines[client.ObjectKeyFromObject(object)] = line[S]{uid: object.GetUID(), version: version, status: status.DeepCopy()}
}

// latest returns the status that was last written to an object, while the cache that it comes from is
// behind.
func (l *ledger[S]) latest(object client.Object) (status S, behind bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := client.ObjectKeyFromObject(object)
	last, found := l.lines[name]
	if !found {
		return status, false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), last.version)
	if err != nil || order >= 0 || object.GetUID() != last.uid {
		delete(l.lines, name)
		return status, false
	}
	return last.status.DeepCopy(), true
}

// shown admits nothing. It lets go of what was written to an object as soon as the cache shows it, rather than
// with the next reconcile, which may be an hour away.
func (l *ledger[S]) shown() predicate.Predicate {
	return updates(func(e event.UpdateEvent) bool {
		l.latest(e.ObjectNew)
		return false
	})
}

func (l *ledger[S]) forget(name types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.lines, name)
}
