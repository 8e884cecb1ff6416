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

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/symptom"
)

func newWhy(s surroundings) *cobra.Command {
	c := newCluster(s)
	cmd := &cobra.Command{
		Use:   "why [SYMPTOM...]",
		Short: "Find the cause of what does not work, and the command that mends it",
		Long: `Why takes what you see and leads to the cause: an error message, a status code, a reason that
a condition gives, or the name of an object. With nothing, it explains all that is wrong.

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
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var offered []string
			for _, s := range symptom.All() {
				offered = append(offered, s.Name)
			}
			return append(offered, reasonNames(explanations())...), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.addFlags(cmd.Flags())
	c.addAllNamespaces(cmd.Flags())
	return cmd
}

// question is what somebody typed, as far as it was understood.
type question struct {
	text     string
	symptoms []symptom.Symptom
	// reasons are those that were typed by their names, object the one that was.
	reasons []string
	object  named
}

// ask finds out what a text means: an object, a reason, else symptoms.
func ask(text string) question {
	q := question{text: text}
	words := strings.Fields(text)
	if len(words) == 2 && strings.Count(text, "/") == 0 {
		if _, isKind := kindOf(words[0]); isKind {
			words = []string{words[0] + "/" + words[1]}
		}
	}
	for _, word := range words {
		if object, err := parseObject(word); err == nil {
			q.object = object
			return q
		}
	}
	for _, e := range explanations() {
		said := slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(strings.Trim(w, ".,:;()\"'"), e.Reason) })
		if said && !slices.Contains(q.reasons, e.Reason) {
			q.reasons = append(q.reasons, e.Reason)
		}
	}
	if len(q.reasons) == 0 {
		q.symptoms = symptom.Match(text)
	}
	return q
}

// understood says whether the text led anywhere; no text asks for everything.
func (q question) understood() bool {
	return q.text == "" || q.object != named{} || len(q.reasons) > 0 || len(q.symptoms) > 0
}

// kinds are those that the question is about: all, unless a symptom says which.
func (q question) kinds() []string {
	var kinds []string
	for _, s := range q.symptoms {
		kinds = append(kinds, s.Kinds...)
	}
	if q.object.kind != "" {
		kinds = []string{q.object.kind}
	}
	if len(kinds) == 0 {
		return probedKinds()
	}
	return kinds
}

// means are the reasons that the question is about; none stands for all.
func (q question) means() []string {
	means := slices.Clone(q.reasons)
	for _, s := range q.symptoms {
		means = append(means, s.Reasons...)
	}
	return means
}

func (q question) permission() bool {
	return slices.ContainsFunc(q.symptoms, func(s symptom.Symptom) bool { return s.Permission })
}

// nearest are what somebody may have meant who was not understood.
func (q question) nearest() []string {
	var near []string
	for _, word := range strings.Fields(q.text) {
		if len(word) > 4 {
			near = append(near, manifest.Nearest(word, reasonNames(explanations()))...)
		}
	}
	if len(near) > 0 {
		return near[:min(len(near), 3)]
	}
	return symptom.Nearest(q.text)
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
		if a.Permissions, err = c.permissions(ctx, slices.DeleteFunc(q.kinds(), func(k string) bool { return pluralOf(k) == "" })); err != nil {
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
		if err := c.judge(&a, q, found); err != nil {
			return err
		}
	}
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

// meanings say what the question means, before anyone looks.
func (q question) meanings() []meaning {
	var meanings []meaning
	for _, s := range q.symptoms {
		meanings = append(meanings, meaning{s.Name, s.Means})
	}
	for _, e := range explanations() {
		if slices.Contains(q.reasons, e.Reason) {
			meanings = append(meanings, meaning{e.Reason, e.Seen})
		}
	}
	return meanings
}
