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
		Use:   "probe (KIND/NAME | KIND NAME)",
		Short: "Have the operator probe a dependency now, and show before and after",
		Long: `Probe asks the operator for a probe now, by the annotation mainstay.dev/requestedAt, waits until
it has ended, and shows what changed.

What worked and fails once is counted, not believed: the conditions stand then, and the answer says
what this probe has found.

Exit codes: 0 Healthy afterwards and nothing found that speaks against it, 1 not, 2 the cluster or the
operator does not answer, 3 you lack a permission, 130 interrupted.`,
		Example: "  kubectl mainstay probe emailprovider/transactional -n shop",
		Args:    someObject,
		RunE: func(cmd *cobra.Command, args []string) error {
			objects, err := parseObjects(args)
			if err == nil && len(objects) > 1 {
				err = fmt.Errorf("%s takes one object, found %s and %s", cmd.CommandPath(), objects[0], objects[1])
			}
			if err == nil {
				err = c.connect()
			}
			if err != nil {
				return err
			}
			object := objects[0]
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			err = c.probe(ctx, object)
			if cmd.Context().Err() != nil {
				return errInterrupted
			}
			if err != nil && !errors.Is(err, errUnmet) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("no probe of %s ended within %s: see whether the operator runs in namespace %s, and whether it watches %s",
					object, timeout, c.operatorNamespace, c.namespace)
			}
			return err
		},
	}
	c.addFlags(cmd)
	c.completesObjects(cmd)
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

// compare shows the conditions before and after a probe, and what it found besides.
func (c *cluster) compare(before, after dependency) error {
	healthy, found := after.condition(v1alpha1.ConditionHealthy), after.SharedStatus().LastRequestFinding
	if c.output == "json" {
		compared := map[string]any{"before": before.SharedStatus().Conditions, "after": after.SharedStatus().Conditions}
		if found != nil {
			compared["unconfirmed"] = found
		}
		if err := printObject(c.out, c.output, compared); err != nil {
			return err
		}
	} else {
		rows := [][]cell{{{text: "CONDITION"}, {text: "BEFORE"}, {text: "AFTER"}, {text: "REASON"}}}
		for _, now := range after.SharedStatus().Conditions {
			was := before.condition(now.Type)
			rows = append(rows, []cell{{text: now.Type}, status(was), status(now), {text: now.Reason}})
		}
		p := c.page()
		p.row(strings.Join(align(rows, c.colours()), "\n") + "\n")
		if found == nil || healthy.Status != metav1.ConditionTrue {
			p.text("%s", healthy.Message)
		}
		p.unconfirmed(found, healthy)
		if _, err := fmt.Fprint(c.out, p); err != nil {
			return err
		}
	}
	if healthy.Status != metav1.ConditionTrue || found != nil && found.Reason != v1alpha1.ReasonPassed {
		return errUnmet
	}
	return nil
}

// unconfirmed says what a probe has found that is not believed yet, where the verdict does not say it too.
func (p *page) unconfirmed(found *v1alpha1.UnconfirmedFinding, healthy metav1.Condition) {
	if found == nil {
		return
	}
	threshold := "failureThreshold"
	if found.Reason == v1alpha1.ReasonPassed {
		threshold = "successThreshold"
	}
	if found.Reason != healthy.Reason {
		p.text("This probe found %s: %s", found.Reason, found.Message)
		p.line("")
	}
	p.text("This is not believed yet: seen %s of %d in a row (spec.%s). Mainstay probes again soon.",
		times(found.Seen), found.Threshold, threshold)
}

func times(n int32) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func newSuspend(s surroundings, suspend bool) *cobra.Command {
	const exits = "\n\nExit codes: 0 done, 2 the cluster cannot be read or changed, 3 you lack a permission, 130 interrupted."
	c := newCluster(s)
	cmd := &cobra.Command{
		Use:   "suspend (KIND/NAME... | KIND NAME...)",
		Short: "Stop probing dependencies, until resume",
		Long: `Suspend sets spec.suspend, so that nothing is sent to the provider any more. Healthy is Unknown
then, and Ready is True whatever it was. Where GitOps owns the object, set the field there, or it is
taken back.` + exits,
		Example: "  kubectl mainstay suspend emailprovider/transactional -n shop",
		Args:    someObject,
	}
	if !suspend {
		cmd.Use, cmd.Short = "resume (KIND/NAME... | KIND NAME...)", "Probe suspended dependencies again"
		cmd.Long = "Resume unsets spec.suspend, and the operator probes at once." + exits
		cmd.Example = "  kubectl mainstay resume emailprovider/transactional -n shop"
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		objects, err := parseObjects(args)
		if err == nil {
			err = c.connect()
		}
		if err != nil {
			return err
		}
		return c.setSuspend(cmd.Context(), objects, suspend)
	}
	c.addFlags(cmd)
	c.completesObjects(cmd)
	return cmd
}

// change is what became of one object.
type change struct {
	Object    string `json:"object"`
	Namespace string `json:"namespace"`
	Suspend   bool   `json:"suspend"`
	Changed   bool   `json:"changed"`
}

func (ch change) String() string {
	switch {
	case ch.Suspend && ch.Changed:
		return ch.Object + " suspended"
	case ch.Suspend:
		return ch.Object + " was suspended already"
	case ch.Changed:
		return ch.Object + " resumed"
	}
	return ch.Object + " was not suspended"
}

// setSuspend suspends objects or resumes them. What was done is told also where one of them could not be
// changed.
func (c *cluster) setSuspend(ctx context.Context, objects []named, suspend bool) error {
	changes := []change{}
	var failed error
	for _, n := range objects {
		changed, err := c.suspend(ctx, n, suspend)
		if failed = err; failed != nil {
			break
		}
		changes = append(changes, change{n.String(), c.namespace, suspend, changed})
	}
	var err error
	switch {
	case c.output == "json" && (failed == nil || len(changes) > 0):
		err = printObject(c.out, c.output, changes)
	case c.output != "json":
		for _, ch := range changes {
			_, err = fmt.Fprintln(c.out, ch)
		}
	}
	return errors.Join(failed, err)
}

// suspend sets spec.suspend of one object, and says whether it was another.
func (c *cluster) suspend(ctx context.Context, n named, suspend bool) (changed bool, err error) {
	_, object, err := c.dependency(ctx, n)
	if err != nil || object.SharedSpec().Suspend == suspend {
		return false, err
	}
	patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"suspend":%t}}`, suspend))
	return true, c.explain(c.client.Patch(ctx, object, patch), "change "+n.String())
}
