// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	var b strings.Builder
	b.WriteString(wrapAt(a.Caller.String(), ""))
	if len(a.Nearest) > 0 {
		b.WriteString("\n" + wrapAt(fmt.Sprintf("Mainstay does not know %q. Did you mean one of these?", a.Question), ""))
		for _, name := range a.Nearest {
			fmt.Fprintf(&b, "%skubectl mainstay why %s%s\n", indent, quoteWord(name), c.inNamespace())
		}
		if len(a.Causes) > 0 {
			b.WriteString("\nThis is all that is wrong here:\n")
		}
	}
	for _, m := range a.Symptoms {
		b.WriteString("\n" + wrapAt(m.Name+": "+m.Means, ""))
	}
	renderPermissions(&b, a.Permissions)
	c.renderSignals(&b, a.Signals)
	if a.Unlike {
		b.WriteString("\nNothing shows that symptom, but something else is wrong.\n")
	}
	for _, found := range a.Causes[:min(len(a.Causes), maxShown)] {
		renderCause(&b, found)
	}
	if more := len(a.Causes) - maxShown; more > 0 {
		fmt.Fprintf(&b, "\nAnd %s more: kubectl mainstay status%s\n", count(more, "cause"), c.inNamespace())
	}
	if a.Besides > 0 {
		fmt.Fprintf(&b, "\nBesides, %s not healthy: kubectl mainstay why%s\n", moreAre(a.Besides), c.inNamespace())
	}
	if a.Well != "" {
		b.WriteString("\n" + wrapAt(a.Well, ""))
		renderCommands(&b, "Reproduce", a.Reproduce)
	}
	return b.String()
}

func moreAre(n int) string {
	if n == 1 {
		return "1 more is"
	}
	return fmt.Sprintf("%d more are", n)
}

func renderPermissions(b *strings.Builder, permissions []permission) {
	if len(permissions) == 0 {
		return
	}
	b.WriteString("\nYour own permissions come first:\n")
	rows := make([][]cell, len(permissions))
	for i, p := range permissions {
		may := cell{text: "yes"}
		if !p.Allowed {
			may.text = "NO"
		}
		rows[i] = []cell{{text: indent + p.String()}, may, {text: p.For}}
	}
	b.WriteString(strings.Join(align(rows, false), "\n") + "\n")
}

// renderSignals shows those that are not healthy, or all where all are.
func (c *cluster) renderSignals(b *strings.Builder, signals []sign) {
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
			status(metav1.Condition{Status: s.Healthy}), {text: s.Reason}, {text: s.checked(c.now())},
		})
	}
	b.WriteString("\n")
	for _, line := range align(rows, c.colours()) {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if more := len(signals) - maxShown; more > 0 {
		fmt.Fprintf(b, "and %d more\n", more)
	}
}

func healthyLast(s sign) int {
	if s.Healthy == metav1.ConditionTrue {
		return 1
	}
	return 0
}

// checked says how much a verdict is worth now.
func (s sign) checked(now time.Time) string {
	switch {
	case s.NotCheckedSince != nil:
		return "not since " + s.NotCheckedSince.UTC().Format("2006-01-02 15:04Z")
	case !s.Live:
		return "by its config"
	}
	return "live, " + ago(now.Sub(s.LastProbeTime.Time))
}

func renderCause(b *strings.Builder, found cause) {
	title := found.Reason
	if found.Object != "" {
		title += " of " + found.Object
	}
	b.WriteString("\nCAUSE: " + title + "\n" + wrapProse(found.Seen))
	if found.WhoMends != "" {
		b.WriteString("Who mends it: " + found.WhoMends + "\n")
	}
	if found.Advice != "" || len(found.Fix) > 0 || len(found.Links) > 0 {
		b.WriteString("\nFix:\n")
	}
	if found.Advice != "" {
		b.WriteString(wrapProse(found.Advice))
	}
	renderLines(b, found.Fix)
	for _, link := range found.Links {
		b.WriteString(wrapProse(link))
	}
	renderCommands(b, "Verify", found.Verify)
	renderCommands(b, "Reproduce", found.Reproduce)
}

func renderCommands(b *strings.Builder, title string, commands []string) {
	if len(commands) > 0 {
		b.WriteString("\n" + title + ":\n")
		renderLines(b, commands)
	}
}

// renderLines writes commands as they are: whoever copies one copies whole lines.
func renderLines(b *strings.Builder, commands []string) {
	for _, command := range commands {
		margin := indent
		if strings.Contains(command, "<<") {
			margin = "" // A document in the shell ends where its last word stands alone.
		}
		for line := range strings.SplitSeq(command, "\n") {
			b.WriteString(margin + line + "\n")
		}
	}
}

// wrapProse wraps a text, each of its lines by itself.
func wrapProse(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(wrap(line))
	}
	return b.String()
}
