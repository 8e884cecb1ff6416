// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

func newProbe(s surroundings) *cobra.Command {
	c := newCluster(s)
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "probe KIND/NAME",
		Short: "Have the operator probe a dependency now, and show before and after",
		Long: `Probe asks the operator for a probe now, by the annotation mainstay.dev/requestedAt, waits until
it has ended, and shows what changed.

Exit codes: 0 Healthy afterwards, 1 not, 2 the cluster or the operator does not answer, 3 you lack
a permission, 130 interrupted.`,
		Example: "  kubectl mainstay probe emailprovider/transactional -n shop",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			object, err := parseObject(args[0])
			if err == nil {
				err = c.connect()
			}
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			err = c.probe(ctx, object)
			if cmd.Context().Err() != nil {
				return errInterrupted
			}
			if errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(err, errUnmet) {
				return fmt.Errorf("no probe of %s ended within %s: see whether the operator runs in namespace %s, and whether it watches %s",
					object, timeout, c.operatorNamespace, c.namespace)
			}
			return err
		},
	}
	c.addFlags(cmd.Flags())
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for the probe to end")
	return cmd
}

// probe annotates the object and waits for the echo in its status.
func (c *cluster) probe(ctx context.Context, n named) error {
	kind, object, err := c.dependency(ctx, n)
	if err != nil {
		return err
	}
	if object.SharedSpec().Suspend {
		return fmt.Errorf("%s is suspended: 'kubectl mainstay resume %s -n %s' first", n, n, c.namespace)
	}
	before := dependency{kind, object.DeepCopyObject().(target.Dependency)}
	request := c.now().UTC().Format(time.RFC3339Nano)
	list := kind.NewList().(client.ObjectList)
	changes, err := c.client.Watch(ctx, list, client.InNamespace(c.namespace), client.MatchingFields{"metadata.name": n.name})
	if err != nil {
		return c.explain(err, "watch "+n.String())
	}
	defer changes.Stop()
	patch := client.RawPatch("application/merge-patch+json",
		fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.RequestedAtAnnotation, request))
	if err := c.client.Patch(ctx, object, patch); err != nil {
		return c.explain(err, "ask for a probe of "+n.String())
	}
	for change := range changes.ResultChan() {
		after, ok := change.Object.(target.Dependency)
		if ok && after.SharedStatus().LastHandledRequest == request {
			return c.compare(before, dependency{kind, after})
		}
	}
	return fmt.Errorf("the API server ended the wait for the probe of %s: try again", n)
}

// compare shows the conditions before and after a probe.
func (c *cluster) compare(before, after dependency) error {
	healthy := after.condition(v1alpha1.ConditionHealthy)
	if c.output == "json" {
		err := printObject(c.out, c.output, map[string]any{
			"before": before.SharedStatus().Conditions, "after": after.SharedStatus().Conditions,
		})
		if err != nil {
			return err
		}
	} else {
		rows := [][]cell{{{text: "CONDITION"}, {text: "BEFORE"}, {text: "AFTER"}, {text: "REASON"}}}
		for _, now := range after.SharedStatus().Conditions {
			was := before.condition(now.Type)
			rows = append(rows, []cell{{text: now.Type}, status(was), status(now), {text: now.Reason}})
		}
		text := strings.Join(align(rows, c.colours()), "\n") + "\n\n" + wrapAt(healthy.Message, "")
		if _, err := fmt.Fprint(c.out, text); err != nil {
			return err
		}
	}
	if healthy.Status != metav1.ConditionTrue {
		return errUnmet
	}
	return nil
}

func newSuspend(s surroundings, suspend bool) *cobra.Command {
	c := newCluster(s)
	cmd := &cobra.Command{
		Use:   "suspend KIND/NAME...",
		Short: "Stop probing dependencies, until resume",
		Long: `Suspend sets spec.suspend, so that nothing is sent to the provider any more. Healthy is Unknown
then, and Ready stays True. Where GitOps owns the object, set the field there, or it is taken back.`,
		Example: "  kubectl mainstay suspend emailprovider/transactional -n shop",
		Args:    cobra.MinimumNArgs(1),
	}
	done := "suspended"
	if !suspend {
		cmd.Use, cmd.Short, done = "resume KIND/NAME...", "Probe suspended dependencies again", "resumed"
		cmd.Long = "Resume unsets spec.suspend, and the operator probes at once."
		cmd.Example = "  kubectl mainstay resume emailprovider/transactional -n shop"
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		objects := make([]named, len(args))
		for i, arg := range args {
			var err error
			if objects[i], err = parseObject(arg); err != nil {
				return err
			}
		}
		if err := c.connect(); err != nil {
			return err
		}
		for _, n := range objects {
			if err := c.setSuspend(cmd.Context(), n, suspend); err != nil {
				return err
			}
			if c.output == "json" {
				if err := printObject(c.out, c.output, map[string]any{"object": n.String(), "namespace": c.namespace, "suspend": suspend}); err != nil {
					return err
				}
				continue
			}
			if _, err := fmt.Fprintf(c.out, "%s %s\n", n, done); err != nil {
				return err
			}
		}
		return nil
	}
	c.addFlags(cmd.Flags())
	return cmd
}

func (c *cluster) setSuspend(ctx context.Context, n named, suspend bool) error {
	_, object, err := c.dependency(ctx, n)
	if err != nil {
		return err
	}
	patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"suspend":%t}}`, suspend))
	return c.explain(c.client.Patch(ctx, object, patch), "change "+n.String())
}
