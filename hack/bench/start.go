// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

// starts is how often the operator is started.
const starts = 11

// measureStart starts the operator again and again on a real API server, and prints how long it takes until its caches
// are full, and until the first verdict is written: on an object without a provider, so no vendor has a part in it.
func measureStart(ctx context.Context, program string) (err error) {
	ctrl.SetLogger(logr.Discard())
	binary, err := os.Stat(program)
	if err != nil {
		return err
	}
	env := &envtest.Environment{CRDDirectoryPaths: []string{"config/crd/bases"}, ErrorIfCRDPathMissing: true}
	config, err := env.Start()
	if err != nil {
		return fmt.Errorf("start the control plane (make start-time sets KUBEBUILDER_ASSETS): %w", err)
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	folder, err := os.MkdirTemp("", "mainstay-start-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	kubeconfig := filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(kubeconfig, env.KubeConfig, 0o600); err != nil {
		return err
	}
	known := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(known); err != nil {
		return err
	}
	cluster, err := client.NewWithWatch(config, client.Options{Scheme: known})
	if err != nil {
		return err
	}
	var ready, judged []time.Duration
	for range starts {
		r, j, err := startOnce(ctx, cluster, program, kubeconfig)
		if err != nil {
			return err
		}
		ready, judged = append(ready, r), append(judged, j)
	}
	slices.Sort(ready)
	slices.Sort(judged)
	fmt.Printf("%s: %.1f MB\n", program, float64(binary.Size())/1e6)
	fmt.Printf("ready: %d ms (%d to %d in %d starts)\n", ready[starts/2].Milliseconds(), ready[0].Milliseconds(), ready[starts-1].Milliseconds(), starts)
	fmt.Printf("first verdict: %d ms (%d to %d)\n", judged[starts/2].Milliseconds(), judged[0].Milliseconds(), judged[starts-1].Milliseconds())
	return nil
}

// startOnce starts the operator for one object.
func startOnce(ctx context.Context, cluster client.WithWatch, program, kubeconfig string) (ready, judged time.Duration, err error) {
	object := &v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "first"}}
	if err := cluster.Create(ctx, object); err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, cluster.Delete(ctx, object)) }()
	changes, err := cluster.Watch(ctx, &v1alpha1.AIProviderList{}, client.InNamespace("default"))
	if err != nil {
		return 0, 0, err
	}
	defer changes.Stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	address := listener.Addr().String()
	_ = listener.Close()

	operator := exec.CommandContext(ctx, program, "--metrics-addr=0", "--health-addr="+address)
	operator.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	began := time.Now()
	if err := operator.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		_ = operator.Process.Signal(os.Interrupt)
		_ = operator.Wait()
	}()
	told := make(chan time.Duration, 1)
	go func() {
		for change := range changes.ResultChan() {
			if seen, is := change.Object.(*v1alpha1.AIProvider); is && seen.Status.ObservedGeneration == seen.Generation {
				told <- time.Since(began)
				return
			}
		}
	}()
	if err := awaitReady(address); err != nil {
		return 0, 0, err
	}
	ready = time.Since(began)
	select {
	case judged = <-told:
		return ready, judged, nil
	case <-time.After(time.Minute):
		return 0, 0, errors.New("no verdict after a minute")
	}
}

// awaitReady asks an operator, as a kubelet would but more often, until it is ready.
func awaitReady(address string) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		answer, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			continue
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("the operator is not ready after a minute")
}
