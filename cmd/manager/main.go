// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Command manager is the Mainstay operator: flags and wiring.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"mainstay.dev/mainstay/controllers"
	"mainstay.dev/mainstay/internal/probe"
)

// version is set when the binary is built.
var version = "dev"

func main() {
	var f flags
	err := f.parse(os.Args[1:])
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctrl.SetupSignalHandler(), f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

// self is the Pod that this process runs in, as its manifest tells through the environment; nil where it
// does not.
func self() *corev1.Pod {
	name, namespace := os.Getenv("POD_NAME"), os.Getenv("POD_NAMESPACE")
	if name == "" || namespace == "" {
		return nil
	}
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, UID: types.UID(os.Getenv("POD_UID"))},
	}
}

func run(ctx context.Context, f flags) error {
	logger, err := f.logger()
	if err != nil {
		return err
	}
	ctrl.SetLogger(logger)
	options, err := f.guard.Options()
	if err != nil {
		return err
	}
	manager, err := newManager(f)
	if err != nil {
		return err
	}
	ctrl.Log.Info("Starting Mainstay", "version", version)
	network := options.Network("mainstay/" + version)
	network.InFlight = f.maxInFlight
	if network.Reviewer, err = controllers.NewReviewer(manager.GetConfig()); err != nil {
		return err
	}
	client := probe.NewNetwork(network)
	if err := manager.Add(client); err != nil {
		return err
	}
	err = controllers.Add(ctx, manager, controllers.Options{
		Target:         options,
		Client:         client,
		Heartbeat:      f.heartbeat,
		GetSecretsOnly: !f.watchSecrets,
		Concurrent:     f.concurrent,
		MaxInFlight:    f.maxInFlight,
		Self:           self(),
		Registry:       metrics.Registry,
	})
	if err != nil {
		return err
	}
	return manager.Start(ctx)
}
