// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

func newStatus(s surroundings) *cobra.Command {
	c := newCluster(s)
	var watching bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what apps require, and how it fares",
		Long: `Status shows each DependencySet with its members, and below them the dependencies that no
set requires. The column CHECKED says whether a verdict was proven live, by a request to the
provider, or read from the configuration alone; and since when nobody checked it any more.

Exit codes: 0 shown, 2 the cluster cannot be read, 3 you lack a permission, 130 interrupted.`,
		Example: `  # One namespace, or all of them
  kubectl mainstay status -n shop
  kubectl mainstay status -A

  # Again whenever something changes
  kubectl mainstay status -n shop --watch`,
		Args: noArguments(": for one object ask 'kubectl mainstay why {}'"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.connect(); err != nil {
				return err
			}
			if watching {
				return c.watchStatus(cmd.Context())
			}
			return c.showStatus(cmd.Context())
		},
	}
	c.addFlags(cmd)
	c.addAllNamespaces(cmd.Flags())
	cmd.Flags().BoolVarP(&watching, "watch", "w", false, "show it again whenever something changes, until interrupted")
	return cmd
}

func (c *cluster) showStatus(ctx context.Context) error {
	found, err := c.look(ctx)
	if err != nil {
		return err
	}
	var elsewhere []string
	if found.empty() {
		if elsewhere, err = c.elsewhere(ctx); err != nil {
			return err
		}
	}
	switch {
	case c.output == "json":
		report := found.report(c.now())
		report.Elsewhere = elsewhere
		return printObject(c.out, c.output, report)
	case len(elsewhere) > 0:
		p := c.page()
		p.text("%s", c.elsewhereText(elsewhere))
		_, err = fmt.Fprint(c.out, p)
	case found.empty():
		_, err = fmt.Fprintf(c.out, "Nothing is declared in %s. To see how: kubectl mainstay why%s\n", c.where(), c.inNamespace())
	default:
		_, err = fmt.Fprint(c.out, c.tree(found))
	}
	return err
}

// watchStatus shows the status anew after changes. It looks once for all changes that came meanwhile. The API
// server ends watches now and then; they are begun again.
func (c *cluster) watchStatus(ctx context.Context) error {
	for {
		changed, stop, err := c.changes(ctx)
		if err != nil {
			return err
		}
		err = c.showChanges(ctx, changed)
		stop()
		if err != nil {
			return err
		}
	}
}

// changes tells of changes, at most one at a time, and ends where a watch does.
func (c *cluster) changes(ctx context.Context) (changed <-chan struct{}, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	told, ended := make(chan struct{}, 1), make(chan struct{})
	var watches sync.WaitGroup
	for _, kind := range allKinds() {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
		changes, err := c.client.Watch(ctx, list, client.InNamespace(c.namespace))
		if meta.IsNoMatchError(err) {
			continue // To look says whether that matters.
		}
		if err != nil {
			cancel()
			return nil, nil, c.explain(err, "watch "+pluralOf(kind))
		}
		watches.Go(func() {
			defer cancel() // Without one of them changes would go unseen.
			tellChanges(changes, told)
		})
	}
	go func() {
		watches.Wait()
		close(told)
		close(ended)
	}()
	return told, func() { cancel(); <-ended }, nil
}

// showChanges shows the status, and again after each change until there are no more.
func (c *cluster) showChanges(ctx context.Context, changed <-chan struct{}) error {
	for again := true; again; {
		if err := c.showStatus(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errInterrupted
		case _, again = <-changed:
		}
		if c.output == "json" {
			continue // Each is a document of its own.
		}
		if _, err := fmt.Fprintln(c.out, "\n--- "+c.now().Format(time.TimeOnly)); err != nil {
			return err
		}
	}
	return nil
}

// tellChanges passes on that something changed, without waiting for who listens.
func tellChanges(changes watch.Interface, changed chan<- struct{}) {
	for range changes.ResultChan() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// tree is the status for people: a table for each namespace, with the members of a set below it.
func (c *cluster) tree(s survey) string {
	var b strings.Builder
	namespaces := s.namespaces()
	for i, namespace := range namespaces {
		if i > 0 {
			b.WriteString("\n")
		}
		if c.namespace == "" {
			b.WriteString("NAMESPACE " + namespace + "\n")
		}
		rows, below := s.rows(namespace, c.now())
		for i, line := range align(rows, c.colours()) {
			b.WriteString(strings.TrimRight(line, " ") + "\n" + below[i])
		}
	}
	bad := 0
	for _, d := range s.dependencies {
		if !meta.IsStatusConditionTrue(d.SharedStatus().Conditions, v1alpha1.ConditionHealthy) {
			bad++
		}
	}
	for _, set := range s.sets {
		if !strings.HasPrefix(set.Status.Summary, "All ") && bad == 0 {
			bad++ // What it lacks is no object that could be counted.
		}
	}
	p := c.page()
	p.silent(s.operators.silent)
	b.WriteString(p.String())
	if bad > 0 {
		fmt.Fprintf(&b, "\nNot all is well. To see why: kubectl mainstay why%s\n", c.inNamespace())
	}
	return b.String()
}

// inNamespace are the flags that lead another command to the same place.
func (c *cluster) inNamespace() string { return inNamespace(c.namespace) + c.placeFlags() }

func inNamespace(namespace string) string {
	if namespace == "" {
		return " -A"
	}
	return " -n " + namespace
}

// namespaces are those with anything in them, sorted.
func (s survey) namespaces() []string {
	seen := map[string]bool{}
	for _, d := range s.dependencies {
		seen[d.GetNamespace()] = true
	}
	for _, set := range s.sets {
		seen[set.Namespace] = true
	}
	return sortedKeys(seen)
}

// rows are the table of one namespace. Below a set stands what it means to the app.
func (s survey) rows(namespace string, now time.Time) (rows [][]cell, below map[int]string) {
	byName := map[named]dependency{}
	for _, d := range s.dependencies {
		if d.GetNamespace() == namespace {
			byName[named{d.kind.Name, d.GetName()}] = d
		}
	}
	below = map[int]string{}
	rows = [][]cell{{{text: "NAME"}, {text: "READY"}, {text: "HEALTHY"}, {text: "REASON"}, {text: "PROVIDER"}, {text: "CHECKED"}}}
	required := map[named]bool{}
	for _, set := range s.sets {
		if set.Namespace != namespace {
			continue
		}
		if set.Status.Summary != "" {
			below[len(rows)] = "│  " + plain.Text(set.Status.Summary) + "\n"
		}
		rows = append(rows, setRow(set))
		for i, m := range set.Status.Members {
			branch := "├─ "
			if i == len(set.Status.Members)-1 && set.Status.OmittedMembers == 0 {
				branch = "└─ "
			}
			id := named{string(m.Kind), m.Name}
			required[id] = true
			rows = append(rows, s.memberRow(branch, m, byName[id], now))
		}
		if n := set.Status.OmittedMembers; n > 0 {
			rows = append(rows, []cell{{text: fmt.Sprintf("└─ and %d more", n)}})
		}
	}
	for _, d := range s.dependencies {
		if id := (named{d.kind.Name, d.GetName()}); d.GetNamespace() == namespace && !required[id] {
			healthy := d.condition(v1alpha1.ConditionHealthy)
			rows = append(rows, []cell{
				{text: id.String()}, status(d.condition(v1alpha1.ConditionReady)), status(healthy), {text: healthy.Reason},
				{text: d.Provider()}, s.checked(d, now),
			})
		}
	}
	return rows, below
}

func setRow(set v1alpha1.DependencySet) []cell {
	row := []cell{{text: named{setKind, set.Name}.String()}, {text: "-"}, {text: "-"}, {text: "-"}}
	for i, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionHealthy} {
		if c := meta.FindStatusCondition(set.Status.Conditions, kind); c != nil {
			row[i+1], row[3] = status(*c), cell{text: c.Reason}
		}
	}
	return row
}

// memberRow shows a member as the set sees it: an object may be healthy and of no use to the app.
func (s survey) memberRow(branch string, m v1alpha1.Member, d dependency, now time.Time) []cell {
	name := branch + named{string(m.Kind), m.Name}.String()
	if m.Name == "" {
		name = branch + strings.ToLower(string(m.Kind)) + " (none)"
	}
	if m.Importance == v1alpha1.ImportanceOptional {
		name += " (optional)"
	}
	row := []cell{
		{text: name}, status(metav1.Condition{Status: m.Ready}), status(metav1.Condition{Status: m.Healthy}),
		{text: m.Reason}, {text: orDash(m.Provider)},
	}
	if d.Dependency == nil {
		return append(row, cell{text: "by its config"})
	}
	return append(row, s.checked(d, now))
}
