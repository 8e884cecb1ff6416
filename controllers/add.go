// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/target"
)

// Options are what the operator is run with.
type Options struct {
	// Target is what the administrator decides about destinations.
	Target target.Options
	// Client sends the requests of probes.
	Client probe.Client
	// Heartbeat is how often lastProbeTime moves while nothing else does; 0 for never.
	Heartbeat time.Duration
	// Concurrent is how many objects of a kind are reconciled at once.
	Concurrent int
	// MaxInFlight is how many probes run at once.
	MaxInFlight int
	// Self is the Pod that the operator runs in; nil where it does not know.
	Self *corev1.Pod
	// Registry takes the metrics.
	Registry metrics.RegistererGatherer
}

// Add has the manager run the probe engine, a reconciler for each probed kind, and one for the sets of
// them that apps require.
func Add(ctx context.Context, mgr ctrl.Manager, o Options) error {
	wakeups := &Wakeups{}
	var engine *probe.Engine
	shown, err := NewMetrics(o.Registry, func() probe.Stats { return engine.Stats() })
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	engine = probe.NewEngine(probe.Options{
		Probe:   provider.Probe,
		Client:  o.Client,
		Settle:  diagnosis.Settle,
		Changed: wakeups.Wake,
		Egress:  tellEgress(mgr.GetLogger(), mgr.GetEventRecorder("mainstay"), o.Self),
		Observe: func(probed probe.Observation) {
			shown.observe(probed)
			if probed.Panic != "" {
				log := mgr.GetLogger().WithValues("kind", probed.ID.Kind, "namespace", probed.ID.Namespace, "name", probed.ID.Name)
				log.Error(nil, "A probe panicked; please report this", "stack", probed.Panic)
			}
		},
		MaxInFlight: o.MaxInFlight,
	})
	if err := mgr.Add(engine); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	for _, kind := range target.Kinds {
		reconciler := &Reconciler{
			Client:    mgr.GetClient(),
			APIReader: mgr.GetAPIReader(),
			Kind:      kind,
			Engine:    engine,
			Options:   o.Target,
			Events:    mgr.GetEventRecorder("mainstay"),
			Metrics:   shown,
			Heartbeat: o.Heartbeat,
		}
		if err := reconciler.setup(ctx, mgr, wakeups, o.Concurrent); err != nil {
			return fmt.Errorf("%s: %w", kind.Name, err)
		}
	}
	sets := &SetReconciler{Client: mgr.GetClient(), Events: mgr.GetEventRecorder("mainstay"), Metrics: shown}
	if err := sets.setup(mgr, o.Concurrent); err != nil {
		return fmt.Errorf("%s: %w", setKind, err)
	}
	return nil
}
