// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlzap "sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/controllers"
	"mainstay.dev/mainstay/internal/target"
)

// flags are what the operator is started with. Names are those of Flux where Flux has the flag.
type flags struct {
	guard target.GuardFlags

	concurrent, maxInFlight         int
	heartbeat                       time.Duration
	watchNamespaces                 []string
	watchLabels                     string
	watchSecrets                    bool
	leaderElection                  bool
	leaderElectionNamespace         string
	metricsAddr, metricsCertDir     string
	healthAddr, logLevel, logFormat string
}

func (f *flags) addTo(set *pflag.FlagSet) {
	f.guard.AddTo(set)
	set.IntVar(&f.concurrent, "concurrent", 4, "`number` of objects of a kind that are reconciled at once")
	set.IntVar(&f.maxInFlight, "max-in-flight", 256, "`number` of probes that run at once, of which one namespace may have a quarter")
	set.DurationVar(&f.heartbeat, "heartbeat", time.Hour,
		"how often status.lastProbeTime moves while nothing else changes; 0 for never")
	set.StringSliceVar(&f.watchNamespaces, "watch-namespaces", nil,
		"`namespaces` to watch, separated by commas; all where none is given")
	set.StringVar(&f.watchLabels, "watch-label-selector", "",
		"watch only dependencies, and sets of them, whose labels match this `selector`")
	set.BoolVar(&f.watchSecrets, "watch-secrets", true,
		"watch Secrets and ConfigMaps, so that a change is probed at once; false needs no more than get, and reads them "+
			"again in every period")
	set.BoolVar(&f.leaderElection, "enable-leader-election", false,
		"run only while holding a Lease, so that of several replicas one probes")
	set.StringVar(&f.leaderElectionNamespace, "leader-election-namespace", "",
		"`namespace` of the Lease; the operator's own where none is given")
	set.StringVar(&f.metricsAddr, "metrics-addr", ":8443",
		"`address` that serves /metrics over TLS, to who may read it; 0 for none")
	set.StringVar(&f.metricsCertDir, "metrics-cert-dir", "",
		"`folder` with tls.crt and tls.key for /metrics; self-signed where none is given")
	set.StringVar(&f.healthAddr, "health-addr", ":9440", "`address` that serves /healthz and /readyz")
	set.StringVar(&f.logLevel, "log-level", "info", "debug, info or error")
	set.StringVar(&f.logFormat, "log-encoding", "json", "json or console")
}

// parse reads a command line, and refuses what could not work or would not do what it says.
func (f *flags) parse(args []string) error {
	set := pflag.NewFlagSet("manager", pflag.ContinueOnError)
	f.addTo(set)
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: a switch takes its value after =, as in --allow-http=false", set.Arg(0))
	}
	switch {
	case f.concurrent < 1:
		return fmt.Errorf("--concurrent: expected 1 or more, found %d", f.concurrent)
	case f.maxInFlight < 1:
		return fmt.Errorf("--max-in-flight: expected 1 or more, found %d", f.maxInFlight)
	case f.heartbeat < 0:
		return fmt.Errorf("--heartbeat: expected a duration such as 1h, or 0 for never, found %s", f.heartbeat)
	}
	for _, namespace := range f.watchNamespaces {
		if problems := validation.IsDNS1123Label(namespace); len(problems) > 0 {
			return fmt.Errorf("--watch-namespaces: expected names of namespaces separated by commas, found %q", namespace)
		}
	}
	return nil
}

func (f *flags) logger() (logr.Logger, error) {
	level, known := map[string]zapcore.Level{
		"debug": zapcore.DebugLevel, "info": zapcore.InfoLevel, "error": zapcore.ErrorLevel,
	}[f.logLevel]
	if !known {
		return logr.Logger{}, fmt.Errorf("--log-level: expected debug, info or error, found %q", f.logLevel)
	}
	encoding := map[string]ctrlzap.Opts{"json": ctrlzap.JSONEncoder(), "console": ctrlzap.ConsoleEncoder()}[f.logFormat]
	if encoding == nil {
		return logr.Logger{}, fmt.Errorf("--log-encoding: expected json or console, found %q", f.logFormat)
	}
	return ctrlzap.New(ctrlzap.Level(zap.NewAtomicLevelAt(level)), encoding), nil
}

// newManager returns a manager with the flags' settings. It needs a cluster, so it comes after all that can
// be judged without one.
func newManager(f flags) (ctrl.Manager, error) {
	caching, err := f.cache()
	if err != nil {
		return nil, err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("find a cluster: %w", err)
	}
	known := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(known), v1alpha1.AddToScheme(known)); err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: known,
		Cache:  caching,
		Metrics: metricsserver.Options{
			BindAddress: f.metricsAddr, SecureServing: true, CertDir: f.metricsCertDir,
			FilterProvider: filters.WithAuthenticationAndAuthorization,
			// HTTP/2 has no use here, and a history of ways to exhaust a server.
			TLSOpts: []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }},
		},
		HealthProbeBindAddress:        f.healthAddr,
		LeaderElection:                f.leaderElection,
		LeaderElectionID:              f.leaseName(),
		LeaderElectionNamespace:       f.leaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true, // The process ends as soon as the manager has stopped.
	})
	if err != nil {
		if f.leaderElection && f.leaderElectionNamespace == "" {
			err = fmt.Errorf("%w (outside a cluster set --leader-election-namespace)", err)
		}
		return nil, err
	}
	return mgr, errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("caches", synced(mgr.GetCache())))
}

// leaseName is the same for replicas of one installation, and another for each shard by label.
func (f *flags) leaseName() string {
	if f.watchLabels == "" {
		return "mainstay"
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(f.watchLabels))
	return fmt.Sprintf("mainstay-%08x", h.Sum32())
}

func (f *flags) cache() (cache.Options, error) {
	o := controllers.CacheOptions()
	selector, err := labels.Parse(f.watchLabels)
	if err != nil {
		return o, fmt.Errorf("--watch-label-selector: expected a label selector such as shard=a: %w", err)
	}
	o.ByObject = map[client.Object]cache.ByObject{}
	for _, kind := range target.Kinds {
		o.ByObject[kind.New().(client.Object)] = cache.ByObject{Label: selector}
	}
	o.ByObject[&v1alpha1.DependencySet{}] = cache.ByObject{Label: selector}
	for _, namespace := range f.watchNamespaces {
		if o.DefaultNamespaces == nil {
			o.DefaultNamespaces = map[string]cache.Config{}
		}
		o.DefaultNamespaces[namespace] = cache.Config{}
	}
	return o, nil
}

// synced is ready once the caches hold what the operator watches, which they do not where its role does
// not let it.
func synced(caches cache.Cache) healthz.Checker {
	return func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if !caches.WaitForCacheSync(ctx) {
			return errors.New("the caches have not synced; see the operator's log for what it may not read")
		}
		return nil
	}
}
