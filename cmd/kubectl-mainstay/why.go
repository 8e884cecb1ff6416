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

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/symptom"
)

func newWhy(s surroundings) *cobra.Command {
	c := newCluster(s)
	cmd := &cobra.Command{
		Use:   "why [SYMPTOM...]",
		Short: "Find the cause of what does not work, and the command that mends it",
		Long: `Why takes what you see and leads to the cause: an error message, a status code, a reason that
a condition gives, or the name of an object, also of a DependencySet. With nothing, it explains all
that is wrong.

It prints who you are and where, what the symptom means, your own permissions where they may be
the cause, what the dependencies in question show, the cause, the command that mends it, how to
verify, and a minimal request to reproduce it with. It changes nothing and shows no credential.

Exit codes: 0 answered, 2 the cluster cannot be read, 3 you lack a permission, 130 interrupted.`,
		Example: `  kubectl mainstay why "emails not sending" -n shop
  kubectl mainstay why 401 invalid_api_key
  kubectl mainstay why emailprovider/transactional
  kubectl mainstay why DomainNotVerified
  kubectl mainstay why -A`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.connect(); err != nil {
				return err
			}
			return c.why(cmd.Context(), strings.TrimSpace(strings.Join(args, " ")))
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			var offered []string
			for _, s := range symptom.All() {
				offered = append(offered, s.Name)
			}
			return slices.Concat(offered, reasonNames(explanations()), c.objects(cmd.Context(), args, typed)), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.addFlags(cmd)
	c.addAllNamespaces(cmd.Flags())
	return cmd
}

// why answers a question.
func (c *cluster) why(ctx context.Context, text string) error {
	q := ask(text)
	who, err := c.whoAmI(ctx)
	if err != nil {
		return err
	}
	a := answer{Caller: who, Question: text, Symptoms: q.meanings()}
	if q.permission() {
		if a.Permissions, err = c.permissions(ctx, q.kinds()); err != nil {
			return err
		}
	}
	found, err := c.look(ctx)
	lacking := denied{}
	switch {
	case errors.As(err, &lacking):
		a.Causes = []cause{c.deniedCause(who, lacking)}
	case err != nil:
		return err
	default:
		if found.empty() {
			if a.Elsewhere, err = c.elsewhere(ctx); err != nil {
				return err
			}
		}
		if err := c.judge(&a, q.among(found), found); err != nil {
			return err
		}
	}
	c.place(&a)
	if c.output == "json" {
		err = printObject(c.out, c.output, a)
	} else {
		_, err = fmt.Fprint(c.out, c.render(a))
	}
	if err == nil && lacking.text != "" {
		return denied{"what is asked about cannot be seen without that permission"}
	}
	return err
}
