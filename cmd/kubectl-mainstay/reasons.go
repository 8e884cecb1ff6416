// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/internal/diagnosis"
)

// explanation is what can be said of a reason, for one of the symptoms behind it.
type explanation struct {
	Reason  string `json:"reason"`
	Stage   string `json:"stage,omitempty"`
	Symptom string `json:"symptom,omitempty"`
	// Blame is who can mend it; OwnHostBlame where a spec chose the host and it never answered.
	Blame        string `json:"blame,omitempty"`
	OwnHostBlame string `json:"ownHostBlame,omitempty"`
	Seen         string `json:"seen"`
	Advice       string `json:"advice,omitempty"`
}

// explanations returns everything that conditions can give as a reason: faults by stage, then progress.
func explanations() []explanation {
	var all []explanation
	for _, d := range diagnosis.All() {
		e := explanation{
			Reason: d.Reason, Stage: d.Symptom.Stage().String(), Symptom: d.Symptom.String(),
			Blame: string(d.Blame), OwnHostBlame: string(d.OwnHostBlame), Seen: inGeneral(d.Seen), Advice: inGeneral(d.Advice),
		}
		all = append(all, e)
	}
	for _, p := range diagnosis.ProgressReasons() {
		all = append(all, explanation{Reason: p.Reason, Seen: inGeneral(p.Seen), Advice: inGeneral(p.Advice)})
	}
	return all
}

// inGeneral writes a sentence of the table for no object in particular, with placeholders as in the usage
// of a command.
func inGeneral(sentence string) string {
	short := map[string]string{"secretName": "secret", "secretKey": "key"}
	return diagnosis.InGeneral(sentence, func(placeholder string) string {
		return "<" + cmp.Or(short[placeholder], placeholder) + ">"
	})
}

func newReasons(s surroundings) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "reasons [NAME]",
		Short: "List the reasons that conditions give, or explain one",
		Example: `  # Every reason, the stage it belongs to, and who can mend it
  kubectl mainstay reasons

  # What InvalidAPIKey means and what to do about it
  kubectl mainstay reasons InvalidAPIKey`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("%s takes one name, found %q and %q", cmd.CommandPath(), args[0], args[1])
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output: expected table or json, found %q", output)
			}
			all := explanations()
			if len(args) == 1 {
				var err error
				if all, err = byReason(all, args[0]); err != nil {
					return err
				}
			}
			switch {
			case output == "json":
				return printObject(s.out, output, all)
			case len(args) == 1:
				return explain(s, all)
			}
			return listReasons(s, all)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return reasonNames(explanations()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "`format` of the output: table or json")
	return cmd
}

// byReason returns the explanations of one reason; case does not count.
func byReason(all []explanation, name string) ([]explanation, error) {
	found := slices.DeleteFunc(slices.Clone(all), func(e explanation) bool { return !strings.EqualFold(e.Reason, name) })
	if len(found) > 0 {
		return found, nil
	}
	names := manifest.Nearest(name, reasonNames(all))
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no reason %q; 'kubectl mainstay reasons' lists them all", name)
	}
	return nil, fmt.Errorf("there is no reason %q; did you mean %s?", name, strings.Join(names[:min(len(names), 3)], ", "))
}

func reasonNames(all []explanation) []string {
	var names []string
	for _, e := range all {
		if !slices.Contains(names, e.Reason) {
			names = append(names, e.Reason)
		}
	}
	return names
}

func listReasons(s surroundings, all []explanation) error {
	rows := [][]cell{{{text: "REASON"}, {text: "STAGE"}, {text: "BLAME"}, {}}}
	meanings := []string{"MEANING"}
	for _, e := range all {
		rows = append(rows, []cell{{text: e.Reason}, {text: orDash(e.Stage)}, {text: orDash(e.Blame)}, {}})
		meanings = append(meanings, e.Seen)
	}
	p := s.page()
	for i, line := range align(rows, false) {
		p.row(line + p.hang(meanings[i], utf8.RuneCountInString(line)))
	}
	_, err := fmt.Fprint(s.out, p)
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// whoMends says in a phrase whom a blame calls.
var whoMends = map[string]string{
	string(diagnosis.Owner):    "Owner (you: the spec, the Secret, or your account at the provider)",
	string(diagnosis.Provider): "Provider (they have to mend it)",
	string(diagnosis.Network):  "Network (who runs the cluster, its DNS and its egress)",
	string(diagnosis.Mainstay): "Mainstay (its maintainers)",
}

// explain prints one reason in full, for each symptom that it stands for.
func explain(s surroundings, all []explanation) error {
	p := s.page()
	for i, e := range all {
		if i > 0 {
			p.line("")
		}
		p.line("%s", e.Reason)
		mends := whoMends[e.Blame]
		if e.OwnHostBlame != "" {
			mends += "; " + e.OwnHostBlame + " where the spec chose a host that never answered"
		}
		for _, line := range [][2]string{
			{"Seen", e.Seen}, {"Advice", e.Advice}, {"Who mends it", mends}, {"Stage", e.Stage}, {"Symptom", e.Symptom},
		} {
			if line[1] != "" {
				p.row(fmt.Sprintf("%s%-14s%s", indent, line[0]+":", p.hang(line[1], len(indent)+14)))
			}
		}
	}
	_, err := fmt.Fprint(s.out, p)
	return err
}
