// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

// answer is what why has to say, in the order in which it says it.
type answer struct {
	Caller      caller       `json:"caller"`
	Question    string       `json:"question,omitempty"`
	Nearest     []string     `json:"nearest,omitempty"`
	Symptoms    []meaning    `json:"symptoms,omitempty"`
	Permissions []permission `json:"permissions,omitempty"`
	Signals     []sign       `json:"signals,omitempty"`
	Causes      []cause      `json:"causes,omitempty"`
	// Elsewhere are other namespaces that have dependencies, where this one has none and they may be seen.
	Elsewhere []string `json:"elsewhere,omitempty"`
	// SilentLeases are those of operators that are gone, while another lives.
	SilentLeases []silentLease `json:"silentLeases,omitempty"`
	// Unlike says that what was found is not what was asked for; Besides counts what was found as well.
	Unlike  bool `json:"unlike,omitempty"`
	Besides int  `json:"besides,omitempty"`
	// Well is set where nothing was found.
	Well      string   `json:"well,omitempty"`
	Reproduce []string `json:"reproduce,omitempty"`
}

// meaning is a symptom or a reason, and what is known from it alone.
type meaning struct {
	Name  string `json:"name"`
	Means string `json:"means"`
}

// maxShown bounds how many signals and causes people get to read.
const maxShown = 5

// render writes an answer for people.
func (c *cluster) render(a answer) string {
	p := c.page()
	p.text("%s", a.Caller)
	if len(a.Elsewhere) > 0 {
		p.text("%s", c.elsewhereText(a.Elsewhere))
	}
	if len(a.Nearest) > 0 {
		p.line("")
		p.text("Mainstay does not know %q. Did you mean one of these?", a.Question)
		for _, name := range a.Nearest {
			p.line("%skubectl mainstay why %s%s", indent, plain.Word(name), c.inNamespace())
		}
		if len(a.Causes) > 0 {
			p.line("\nThis is all that is wrong here:")
		}
	}
	for _, m := range a.Symptoms {
		p.line("")
		p.text("%s: %s", m.Name, m.Means)
	}
	p.permissions(a.Permissions)
	c.signals(p, a.Signals)
	p.silent(a.SilentLeases)
	if a.Unlike {
		p.line("\nNothing shows that symptom, but something else is wrong.")
	}
	for _, found := range a.Causes[:min(len(a.Causes), maxShown)] {
		p.cause(found, c.namespace == "")
	}
	if more := len(a.Causes) - maxShown; more > 0 {
		p.line("\nAnd %s more: kubectl mainstay status%s", count(more, "cause"), c.inNamespace())
	}
	if a.Besides > 0 {
		p.line("\nBesides, %s not healthy: kubectl mainstay why%s", moreAre(a.Besides), c.inNamespace())
	}
	if a.Well != "" {
		p.line("")
		p.text("%s", a.Well)
		p.commands("Reproduce", a.Reproduce)
	}
	return p.String()
}

func moreAre(n int) string {
	if n == 1 {
		return "1 more is"
	}
	return fmt.Sprintf("%d more are", n)
}

// permissions says in one line what the caller may do, and names each thing that is missing.
func (p *page) permissions(permissions []permission) {
	var may []string
	var lacks []permission
	for _, one := range permissions {
		switch {
		case !one.Allowed:
			lacks = append(lacks, one)
		case !slices.Contains(may, one.For):
			may = append(may, one.For)
		}
	}
	switch {
	case len(permissions) == 0:
	case len(lacks) == 0:
		p.line("")
		p.text("Your own permissions come first: you may %s.", strings.Join(may, ", "))
	default:
		p.line("\nYour own permissions come first. You lack:")
		for len(lacks) > 0 {
			same := slices.IndexFunc(lacks, func(other permission) bool { return other.For != lacks[0].For })
			if same < 0 {
				same = len(lacks)
			}
			p.indented(inShort(lacks[:same]))
			lacks = lacks[same:]
		}
	}
}

// inShort joins permissions that are for one thing.
func inShort(permissions []permission) string {
	names := make([]string, len(permissions))
	for i, p := range permissions {
		names[i] = p.resource()
	}
	return fmt.Sprintf("%s %s, to %s", permissions[0].Verb, strings.Join(names, ", "), permissions[0].For)
}

// signals shows those that are not healthy first, or all where all are.
func (c *cluster) signals(p *page, signals []sign) {
	if len(signals) == 0 {
		return
	}
	rows := [][]cell{{{text: "DEPENDENCY"}, {text: "PROVIDER"}, {text: "READY"}, {text: "HEALTHY"}, {text: "REASON"}, {text: "CHECKED"}}}
	sorted := slices.Clone(signals)
	slices.SortStableFunc(sorted, func(a, b sign) int { return healthyLast(a) - healthyLast(b) })
	for _, s := range sorted[:min(len(sorted), maxShown)] {
		name := named{s.Kind, s.Name}.String()
		if c.namespace == "" {
			name = s.Namespace + "/" + name
		}
		rows = append(rows, []cell{
			{text: name}, {text: s.Provider}, status(metav1.Condition{Status: s.Ready}),
			status(metav1.Condition{Status: s.Healthy}), {text: s.Reason}, s.checked,
		})
	}
	p.line("")
	for _, line := range align(rows, c.colours()) {
		p.row(strings.TrimRight(line, " "))
	}
	if more := len(signals) - maxShown; more > 0 {
		p.line("and %d more", more)
	}
}

func healthyLast(s sign) int {
	if s.Healthy == metav1.ConditionTrue {
		return 1
	}
	return 0
}

// cause tells one. Where all namespaces are looked into it says in which.
func (p *page) cause(found cause, all bool) {
	title := found.Reason
	if found.Object != "" {
		title += " of " + found.Object
	}
	if all && found.Namespace != "" {
		title += " in namespace " + found.Namespace
	}
	p.line("\nCAUSE: %s", title)
	p.indented(found.Seen)
	if found.WhoMends != "" {
		p.line("Who mends it: %s", found.WhoMends)
	}
	if found.Advice != "" || len(found.Fix) > 0 || len(found.Links) > 0 {
		p.line("\nFix:")
	}
	if found.Advice != "" {
		p.indented(found.Advice)
	}
	p.lines(found.Fix)
	for _, link := range found.Links {
		p.indented(link)
	}
	p.commands("Verify", found.Verify)
	p.commands("Reproduce", found.Reproduce)
}

func (p *page) commands(title string, commands []string) {
	if len(commands) > 0 {
		p.line("\n%s:", title)
		p.lines(commands)
	}
}

// lines writes commands as they are: whoever copies one copies whole lines.
func (p *page) lines(commands []string) {
	for _, command := range commands {
		margin := indent
		if strings.Contains(command, "<<") {
			margin = "" // A document in the shell ends where its last word stands alone.
		}
		for line := range strings.SplitSeq(command, "\n") {
			p.line("%s%s", margin, line)
		}
	}
}
