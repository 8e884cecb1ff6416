// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
)

// print writes the findings in the format that the user asked for.
func (c *check) print(findings []finding, sets []*v1alpha1.DependencySet) error {
	switch c.output {
	case "table":
		return c.printTable(findings, sets)
	case "junit":
		return c.printJUnit(findings, sets)
	}
	list := map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}}
	items := []any{}
	for _, f := range findings {
		f.Object.SetManagedFields(nil)
		f.Object.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(f.Kind.Name))
		items = append(items, f.Object)
	}
	for _, set := range sets {
		set.SetManagedFields(nil)
		items = append(items, set)
	}
	list["items"] = items
	return printObject(c.out, c.output, list)
}

// printObject writes a value as JSON or YAML.
func printObject(out io.Writer, format string, value any) error {
	text, err := json.MarshalIndent(value, "", "    ")
	if err != nil {
		return fmt.Errorf("write %s: %w", format, err)
	}
	text = append(text, '\n')
	if format == "yaml" {
		if text, err = yaml.JSONToYAML(text); err != nil {
			return fmt.Errorf("write %s: %w", format, err)
		}
	}
	_, err = out.Write(text)
	return err
}

// cell is one entry of a table; colour is empty for plain text.
type cell struct{ text, colour string }

const (
	green, yellow, red = "32", "33", "31"
	// width is how long a line of running text may be.
	width = 100
	// indent sets running text off from the rows of a table.
	indent = "    "
)

func (c *check) printTable(findings []finding, sets []*v1alpha1.DependencySet) error {
	rows := [][]cell{{{text: "NAMESPACE"}, {text: "KIND/NAME"}, {text: "PROVIDER"}, {text: "READY"}, {text: "HEALTHY"}, {text: "REASON"}}}
	below := [][]string{nil}
	for _, f := range findings {
		healthy := f.condition(v1alpha1.ConditionHealthy)
		rows = append(rows, []cell{
			{text: f.Object.GetNamespace()}, {text: f.Kind.Name + "/" + f.Object.GetName()}, {text: f.Object.Provider()},
			status(f.condition(v1alpha1.ConditionReady)), status(healthy), {text: healthy.Reason},
		})
		below = append(below, c.remarks(f))
	}
	for _, set := range sets {
		rows = append(rows, c.setCells(set))
		below = append(below, c.setRemarks(set))
	}
	var b strings.Builder
	for i, line := range align(rows, c.colours()) {
		b.WriteString(line + "\n")
		for _, remark := range below[i] {
			b.WriteString(wrap(remark))
		}
	}
	_, err := io.WriteString(c.out, b.String())
	return err
}

// remarks are what a reader has to know of an object beyond its row.
func (c *check) remarks(f finding) []string {
	var remarks []string
	if !f.meets(c.require) {
		remarks = append(remarks, f.condition(c.require).Message)
		if f.hint != "" {
			remarks = append(remarks, f.hint)
		}
	}
	warnings := diagnosis.Warnings(f.verdict, f.subject)
	for _, reason := range slices.Sorted(maps.Keys(warnings)) {
		remarks = append(remarks, "Warning: "+warnings[reason])
	}
	return remarks
}

// colours says whether to use them, by the convention of no-color.org.
func (s surroundings) colours() bool {
	noColor, _ := s.env("NO_COLOR")
	kind, _ := s.env("TERM")
	return s.terminal && noColor == "" && kind != "dumb"
}

func status(c metav1.Condition) cell {
	colour := map[metav1.ConditionStatus]string{metav1.ConditionTrue: green, metav1.ConditionFalse: red, metav1.ConditionUnknown: yellow}
	return cell{string(c.Status), colour[c.Status]}
}

// align makes lines of rows, with columns as wide as their widest cell.
func align(rows [][]cell, colours bool) []string {
	widths := map[int]int{}
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	lines := make([]string, len(rows))
	for r, row := range rows {
		var b strings.Builder
		for i, c := range row {
			text := c.text
			if colours && c.colour != "" {
				text = "\x1b[" + c.colour + "m" + text + "\x1b[0m"
			}
			b.WriteString(text)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)+3))
			}
		}
		lines[r] = b.String()
	}
	return lines
}

// wrap breaks running text at blanks, indented. What is longer than a line stays whole.
func wrap(text string) string { return wrapAt(text, indent) }

func wrapAt(text, margin string) string {
	var b strings.Builder
	line := margin
	for _, word := range words(text) {
		if line != margin && utf8.RuneCountInString(line)+utf8.RuneCountInString(word) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = margin
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}

// words splits a text. A command to copy ends the text and is one word, for a line break would spoil it.
func words(text string) []string {
	words := strings.Fields(text)
	if at := slices.Index(words, "kubectl"); at >= 0 {
		words = append(words[:at], strings.Join(words[at:], " "))
	}
	return words
}
