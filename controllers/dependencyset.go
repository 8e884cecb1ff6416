// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/target"
)

const setKind = "DependencySet"

// maxMembers bounds how many members a status lists, as the CRD does.
const maxMembers = 64

// SetReconciler keeps the status of DependencySets in step with what their members say of themselves. It
// probes nothing, and only changes of members wake it.
type SetReconciler struct {
	client.Client
	Events  recorder.EventRecorder
	Metrics *Metrics

	// written holds the last write to each set until the cache shows it.
	written ledger[*v1alpha1.DependencySetStatus]
}

// Reconcile rolls up the members of one set, and writes where that changed.
func (r *SetReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	set := &v1alpha1.DependencySet{}
	if err := r.Get(ctx, req.NamespacedName, set); err != nil {
		if apierrors.IsNotFound(err) {
			r.Metrics.forgetSet(req.NamespacedName)
			r.written.forget(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if status, behind := r.written.latest(set); behind {
		set.Status = *status
	}
	objects, err := r.objects(ctx, set)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, r.write(ctx, set, diagnosis.RollUp(set, objects))
}

// objects returns every object in the namespace of a set of the kinds that it requires.
func (r *SetReconciler) objects(ctx context.Context, set *v1alpha1.DependencySet) (map[string]diagnosis.Kin, error) {
	objects := map[string]diagnosis.Kin{}
	for _, kind := range target.Kinds {
		if !requires(set, kind.Name) {
			continue
		}
		list := kind.NewList().(client.ObjectList)
		// The cache's own objects are read here, and not changed.
		if err := r.List(ctx, list, client.InNamespace(set.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("list objects of kind %s: %w", kind.Name, err)
		}
		kin := diagnosis.Kin{Noun: kind.Noun, None: kind.None}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			kin.Members = append(kin.Members, diagnosis.MemberOf(item.(target.Dependency)))
			return nil
		})
		objects[kind.Name] = kin
	}
	return objects, nil
}

func requires(set *v1alpha1.DependencySet, kind string) bool {
	return slices.ContainsFunc(set.Spec.Requires, func(r v1alpha1.Requirement) bool { return string(r.Kind) == kind })
}

// write applies the status where it differs from what stands, and tells of it.
func (r *SetReconciler) write(ctx context.Context, set *v1alpha1.DependencySet, rolled diagnosis.Rollup) error {
	old := set.Status.DeepCopy()
	listed := rolled.Members[:min(len(rolled.Members), maxMembers)]
	set.Status = v1alpha1.DependencySetStatus{
		Conditions:         diagnosis.Merge(old.Conditions, rolled.Conditions, time.Now()),
		ObservedGeneration: set.Generation,
		Summary:            rolled.Summary,
		Members:            listed,
		OmittedMembers:     int32(len(rolled.Members) - len(listed)),
	}
	r.Metrics.showSet(set, rolled.Members)
	if equality.Semantic.DeepEqual(old, &set.Status) {
		return nil
	}
	version, err := applyStatus(ctx, r.Client, setKind, set)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		return nil // The set is gone, or is another one of the same name.
	case err != nil:
		return fmt.Errorf("apply status: %w", err)
	}
	r.written.add(set, version, &set.Status)
	if old.Summary != rolled.Summary {
		r.tell(set, rolled)
	}
	return nil
}

// tell emits an event for a summary that is new. Until every member was probed there is nothing to tell.
func (r *SetReconciler) tell(set *v1alpha1.DependencySet, rolled diagnosis.Rollup) {
	healthy := meta.FindStatusCondition(rolled.Conditions, v1alpha1.ConditionHealthy)
	kind, reason, text := corev1.EventTypeWarning, healthy.Reason, rolled.Summary+". "+healthy.Message
	switch {
	case healthy.Reason == v1alpha1.ReasonProbing:
		return
	case rolled.Degraded:
		reason, text = "Degraded", rolled.Summary
	case healthy.Status == metav1.ConditionTrue:
		kind, reason, text = corev1.EventTypeNormal, v1alpha1.ConditionHealthy, rolled.Summary
	}
	r.Events.Eventf(set, nil, kind, reason, "RollUp", "%s", note(text))
}

// setup has the manager run the reconciler: for its sets, and for what changes of their members.
func (r *SetReconciler) setup(mgr ctrl.Manager, concurrent int) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named(strings.ToLower(setKind)).
		For(&v1alpha1.DependencySet{}, builder.WithPredicates(r.written.visited())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrent, EnableWarmup: new(true)})
	for _, kind := range target.Kinds {
		b = b.Watches(kind.New().(client.Object), r.whoRequires(kind.Name), builder.WithPredicates(memberChanged))
	}
	return b.Complete(r)
}

// whoRequires maps an object of a kind to the sets of its namespace that require the kind. Which objects
// they mean by that is for Reconcile to find out: an object that lost a label concerns them too.
func (r *SetReconciler) whoRequires(kind string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		var sets v1alpha1.DependencySetList
		if err := r.List(ctx, &sets, client.InNamespace(o.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
			log.FromContext(ctx).Error(err, "Cannot list the sets that require it", "kind", kind, "name", o.GetName())
			return nil
		}
		var requests []reconcile.Request
		for i := range sets.Items {
			if requires(&sets.Items[i], kind) {
				requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&sets.Items[i])})
			}
		}
		return requests
	})
}

// memberChanged admits of updates those that a roll-up can see. A heartbeat is none.
var memberChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(target.Dependency), e.ObjectNew.(target.Dependency)
		return !equality.Semantic.DeepEqual(diagnosis.MemberOf(before), diagnosis.MemberOf(after))
	},
}
