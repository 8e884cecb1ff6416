// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
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
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "    ")
	encoder.SetEscapeHTML(false) // People read it too, and no browser.
	err := encoder.Encode(value)
	if err != nil {
		return fmt.Errorf("write %s: %w", format, err)
	}
	text := plain.JSON(b.Bytes())
	if format == "yaml" {
		if text, err = plain.YAML(text); err != nil {
			return fmt.Errorf("write %s: %w", format, err)
		}
	}
	_, err = out.Write(text)
	return err
}

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
	p := c.page()
	for i, line := range align(rows, c.colours()) {
		p.row(line)
		for _, remark := range below[i] {
			p.indented(remark)
		}
	}
	_, err := fmt.Fprint(c.out, p)
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
	for _, w := range diagnosis.Warnings(f.verdict, f.subject) {
		remarks = append(remarks, "Warning: "+w.Message)
	}
	return remarks
}
