// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
	"mainstay.dev/mainstay/internal/target"
)

// check is the command that probes manifests without a cluster.
type check struct {
	surroundings
	sources   manifest.Sources
	namespace string
	secrets   []string
	output    string
	require   string
	guard     target.GuardFlags
}

func newCheck(s surroundings) *cobra.Command {
	c := check{surroundings: s}
	cmd := &cobra.Command{
		Use:   "check (-f FILE | -k FOLDER)...",
		Short: "Probe manifests before they are deployed, without a cluster",
		Long: `Check reads manifests, judges the Mainstay objects in them by the same rules as the API
server, and probes each as the operator would, with read-only requests from this machine.

Credentials come from the Secrets in the manifests, or from environment variables through
--secret. They are sent to their provider and shown nowhere.

Every object counts at its first probe: there is no waiting for failureThreshold.

Exit codes:
  0    every object meets what --require asks for
  1    some do not; the output says which and why
  2    the input cannot be used: each problem is named with file, document and field
  130  interrupted`,
		Example: `  # Everything that an overlay would deploy
  kubectl mainstay check -k overlays/prod --require Ready

  # The key comes from the CI system, as the environment variable OPENAI_API_KEY
  kubectl mainstay check -f deploy/ --secret shop/openai/apiKey=env:OPENAI_API_KEY

  # What a chart renders
  helm template shop ./chart | kubectl mainstay check -f - -n shop

  # The objects with the status that they would get, or a report that CI systems show
  kubectl mainstay check -f deploy/ -o json
  kubectl mainstay check -f deploy/ -o junit > mainstay.xml`,
		Args: noArguments(": name each file with a -f of its own"),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&c.sources.Files, "filename", "f", nil, "`file` or folder with manifests, or - for standard input (repeatable)")
	flags.StringArrayVarP(&c.sources.Kustomizations, "kustomize", "k", nil, "`folder` with a kustomization to build (repeatable)")
	flags.BoolVarP(&c.sources.Recursive, "recursive", "R", false, "look into the folders below each -f too")
	flags.StringVarP(&c.namespace, "namespace", "n", "default", "`namespace` of the objects that name none")
	flags.StringArrayVar(&c.secrets, "secret", nil,
		"value of one key of a Secret, as `NAMESPACE/NAME/KEY=env:VARIABLE`; counts as consent to send it to the spec's endpoint (repeatable)")
	flags.StringVarP(&c.output, "output", "o", "table", "`format` of the output: table, json, yaml or junit")
	flags.StringVar(&c.require, "require", v1alpha1.ConditionHealthy, "`condition` that every object must meet: Healthy or Ready")
	c.guard.AddTo(flags)
	return cmd
}

func (c *check) run(ctx context.Context) error {
	options, err := c.parse()
	if err != nil {
		return err
	}
	given, err := parseSecrets(c.secrets, c.env)
	if err != nil {
		return err
	}
	input, err := c.read(ctx)
	if err != nil {
		return err
	}
	c.progress("Checking %s ...", count(len(input.Dependencies)+len(input.Sets), "object"))
	findings := judge(ctx, judging{options: options, secrets: given, input: input, now: c.now})
	if ctx.Err() != nil {
		return errInterrupted
	}
	for _, name := range given.unused() {
		c.progress("Note: no object of the input refers to --secret %s.", name)
	}
	rollUp(input.Sets, findings, c.now())
	if err := c.print(findings, input.Sets); err != nil {
		return err
	}
	return c.summary(findings, input.Sets)
}

// parse checks the flags.
func (c *check) parse() (target.Options, error) {
	if len(c.sources.Files)+len(c.sources.Kustomizations) == 0 {
		return target.Options{}, errors.New("nothing to check: name manifests with -f or a kustomization with -k")
	}
	if !slices.Contains([]string{"table", "json", "yaml", "junit"}, c.output) {
		return target.Options{}, fmt.Errorf("--output: expected table, json, yaml or junit, found %q", c.output)
	}
	if !slices.Contains([]string{v1alpha1.ConditionHealthy, v1alpha1.ConditionReady}, c.require) {
		return target.Options{}, fmt.Errorf("--require: expected Healthy or Ready, found %q", c.require)
	}
	return c.guard.Options()
}

// read returns the input, or everything that is wrong with it. Reading may hang, on a pipe or on a remote
// base of a kustomization, so it can be left behind.
func (c *check) read(ctx context.Context) (manifest.Input, error) {
	c.sources.Stdin = c.in
	type result struct {
		input manifest.Input
		err   error
	}
	done := make(chan result, 1)
	go func() {
		objects, problems := manifest.Read(c.sources)
		input, more, err := manifest.Sort(objects, c.namespace)
		if err == nil {
			err = usable(input, append(problems, more...))
		}
		done <- result{input, err}
	}()
	select {
	case r := <-done:
		return r.input, r.err
	case <-ctx.Done():
		return manifest.Input{}, errInterrupted
	}
}

// usable refuses an input with problems, and one with nothing to check: a gate that checks nothing must
// not be green.
func usable(input manifest.Input, problems []manifest.Problem) error {
	if len(problems) > 0 {
		lines := make([]string, len(problems))
		for i, p := range problems {
			lines[i] = "\n  " + p.String()
		}
		return fmt.Errorf("%s with the input:%s", count(len(problems), "problem"), strings.Join(lines, ""))
	}
	others := input.Others + len(input.Secrets) + len(input.ConfigMaps)
	switch {
	case len(input.Dependencies)+len(input.Sets) > 0:
		return nil
	case others == 0:
		return errors.New("nothing to check: the input holds no objects")
	}
	return fmt.Errorf("nothing to check: found %s, and none is of a Mainstay kind (%s in %s)",
		count(others, "object"), strings.Join(allKinds(), ", "), v1alpha1.GroupVersion)
}

// summary says how the requirement fared, and what the answer rests on.
func (c *check) summary(findings []finding, sets []*v1alpha1.DependencySet) error {
	probed, unmet, unhealthy, all := 0, 0, 0, len(findings)+len(sets)
	for _, set := range sets {
		if !meta.IsStatusConditionTrue(set.Status.Conditions, c.require) {
			unmet++
		}
		if !meta.IsStatusConditionTrue(set.Status.Conditions, v1alpha1.ConditionHealthy) {
			unhealthy++
		}
	}
	for _, f := range findings {
		if f.probed {
			probed++
		}
		if !f.meets(c.require) {
			unmet++
		}
		if !f.meets(v1alpha1.ConditionHealthy) {
			unhealthy++
		}
	}
	rests := fmt.Sprintf("%d probed live, %d judged by their configuration alone", probed, len(findings)-probed)
	switch len(sets) {
	case 0:
	case 1:
		rests += ", 1 set by its members"
	default:
		rests += fmt.Sprintf(", %d sets by their members", len(sets))
	}
	switch {
	case unmet > 0:
		c.progress("%d of %d not %s: %s.", unmet, all, c.require, rests)
		return errUnmet
	case unhealthy > 0:
		c.progress("All are %s, but %d of %d not Healthy: %s.", c.require, unhealthy, all, rests)
	default:
		c.progress("All are %s: %s.", c.require, rests)
	}
	return nil
}

func (c *check) progress(format string, args ...any) {
	_, _ = fmt.Fprintln(c.err, plain.Lines(fmt.Sprintf(format, args...)))
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
