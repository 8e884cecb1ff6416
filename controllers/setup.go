// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"strings"
	"sync"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

// referenceIndex finds objects by what they refer to, as Kind/name.
const referenceIndex = "mainstay.dev/references"

// Wakeups carry the engine's news to the reconcilers, by kind. The engine never waits for them.
type Wakeups struct {
	mu     sync.Mutex
	queues map[string]workqueue.TypedInterface[reconcile.Request]
}

// Wake has the object reconciled. It is the engine's Changed.
func (w *Wakeups) Wake(id probe.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// A kind without a queue has no reconciler yet, and so has no target that could have changed.
	if queue := w.queues[id.Kind]; queue != nil {
		queue.Add(reconcile.Request{NamespacedName: client.ObjectKey{Namespace: id.Namespace, Name: id.Name}})
	}
}

// source hands the queue of a kind's reconciler to Wake.
func (w *Wakeups) source(kind string) source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.queues == nil {
			w.queues = map[string]workqueue.TypedInterface[reconcile.Request]{}
		}
		w.queues[kind] = queue
		return nil
	})
}

// setup has the manager run the reconciler: for its objects, for the Secrets and ConfigMaps that they
// refer to unless it reads those again and again, and for the engine's news.
func (r *Reconciler) setup(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups, concurrent int) error {
	err := mgr.GetFieldIndexer().IndexField(ctx, r.Kind.New().(client.Object), referenceIndex, func(o client.Object) []string {
		var names []string
		for _, ref := range references(o.(target.Dependency)) {
			names = append(names, ref.kind+"/"+ref.name)
		}
		return names
	})
	if err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(mgr).
		Named(strings.ToLower(r.Kind.Name)).
		For(r.Kind.New().(client.Object), builder.WithPredicates(r.written.visited(requested))).
		WatchesRawSource(wakeups.source(r.Kind.Name)).
		// The caches are filled before leadership comes, so that a takeover is quick and a replica that cannot
		// read what it needs is not ready.
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrent, EnableWarmup: new(true)})
	if !r.Rereads {
		b.WatchesMetadata(&corev1.Secret{}, r.referrers("Secret")).
			WatchesMetadata(&corev1.ConfigMap{}, r.referrers("ConfigMap"))
	}
	return b.Complete(r)
}

// CacheOptions are those of a cache that holds what the reconcilers need and no more. Of Secrets and
// ConfigMaps that is their names and versions: annotations may hold anything, the data of a Secret that
// was applied by kubectl included. Of the annotations of dependencies it is the one that is read.
func CacheOptions() cache.Options {
	strip := cache.TransformStripManagedFields()
	return cache.Options{
		// A Get of a whole Secret through the cache would otherwise start a cache of all their contents.
		ReaderFailOnMissingInformer: true,
		DefaultTransform: func(object any) (any, error) {
			switch o := object.(type) {
			case *metav1.PartialObjectMetadata:
				o.ObjectMeta = metav1.ObjectMeta{
					Namespace: o.Namespace, Name: o.Name, UID: o.UID, ResourceVersion: o.ResourceVersion,
				}
				return o, nil
			case target.Dependency:
				shareTexts(o.SharedStatus().Conditions)
				o.SetAnnotations(annotationsRead(o))
			case *v1alpha1.DependencySet:
				o.Annotations = nil
			}
			return strip(object)
		},
	}
}

// annotationsRead are those annotations of a dependency that are read, as far as they are.
func annotationsRead(o metav1.Object) map[string]string {
	request, found := o.GetAnnotations()[v1alpha1.RequestedAtAnnotation]
	if !found {
		return nil
	}
	return map[string]string{v1alpha1.RequestedAtAnnotation: echo(request)}
}

// shareTexts has conditions use one copy of each text. Most objects say the same, and what they say is a third of
// what they are.
func shareTexts(conditions []metav1.Condition) {
	for i := range conditions {
		for _, text := range []*string{&conditions[i].Type, &conditions[i].Reason, &conditions[i].Message} {
			*text = unique.Make(*text).Value()
		}
	}
}

// visited admits what a reconciler has to see of its own objects: that one is new, is gone or has another spec, and
// what else is given.
func (l *ledger[S]) visited(also ...predicate.Predicate) predicate.Predicate {
	// What lets go of the ledger comes first, since nobody is asked after the first to admit an update.
	return predicate.Or(append([]predicate.Predicate{l.shown(), predicate.GenerationChangedPredicate{}, recreated}, also...)...)
}

// recreated admits updates to another object of the same name, as they come where the one was deleted and the other
// created while the watch was down.
var recreated = updates(func(e event.UpdateEvent) bool { return e.ObjectOld.GetUID() != e.ObjectNew.GetUID() })

// requested admits updates that ask for a probe now.
var requested = updates(func(e event.UpdateEvent) bool {
	return e.ObjectOld.GetAnnotations()[v1alpha1.RequestedAtAnnotation] !=
		e.ObjectNew.GetAnnotations()[v1alpha1.RequestedAtAnnotation]
})

// updates admits some updates, and nothing else.
func updates(admitted func(event.UpdateEvent) bool) predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc:  admitted,
	}
}

// referrers maps a Secret or ConfigMap to the objects that refer to it.
func (r *Reconciler) referrers(kind string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		objects := r.Kind.NewList().(client.ObjectList)
		err := r.List(ctx, objects, client.InNamespace(o.GetNamespace()),
			client.MatchingFields{referenceIndex: kind + "/" + o.GetName()})
		if err != nil {
			log.FromContext(ctx).Error(err, "Cannot list the objects that refer to it", "kind", kind, "name", o.GetName())
			return nil
		}
		var requests []reconcile.Request
		_ = meta.EachListItem(objects, func(item runtime.Object) error {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(item.(client.Object))})
			return nil
		})
		return requests
	})
}
