// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

const (
	// width is how long a line of running text may be, and narrowest how short where the terminal is narrower.
	width, narrowest = 100, 40
	// indent sets running text off from the rows of a table.
	indent = "    "
)

// page is what a command prints for people. Whatever others have written is plain text there.
type page struct {
	strings.Builder
	width int
}

// page returns an empty one, no wider than the terminal.
func (s surroundings) page() *page {
	p := &page{width: width}
	if s.terminal && s.columns > 0 {
		p.width = min(width, max(s.columns, narrowest))
	}
	return p
}

// line writes a line that is not wrapped.
func (p *page) line(format string, args ...any) {
	p.WriteString(plain.Lines(fmt.Sprintf(format, args...)) + "\n")
}

// row writes what align or hang has made, which may have colours.
func (p *page) row(text string) { p.WriteString(text + "\n") }

// text writes running text, wrapped.
func (p *page) text(format string, args ...any) {
	p.WriteString(p.wrap(fmt.Sprintf(format, args...), ""))
}

// indented writes running text below a title, each of its lines by itself.
func (p *page) indented(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		p.WriteString(p.wrap(line, indent))
	}
}

// wrap breaks running text at blanks. What is longer than a line stays whole.
func (p *page) wrap(text, margin string) string {
	var b strings.Builder
	line := margin
	for _, word := range words(text) {
		if line != margin && utf8.RuneCountInString(line)+utf8.RuneCountInString(word) > p.width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = margin
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return plain.Lines(b.String())
}

// words splits a text. A command to copy ends the text and is one word, for a line break would spoil it.
func words(text string) []string {
	words := strings.Fields(text)
	if at := slices.Index(words, "kubectl"); at >= 0 {
		words = append(words[:at], strings.Join(words[at:], " "))
	}
	return words
}

// hang wraps text whose first line begins at a column, and lets the other lines begin there too.
func (p *page) hang(text string, column int) string {
	padding := strings.Repeat(" ", column)
	wide := page{width: max(p.width, column+narrowest/2)}
	lines := strings.Split(strings.TrimRight(wide.wrap(text, padding), "\n"), "\n")
	return strings.TrimPrefix(strings.Join(lines, "\n"), padding)
}

// cell is one entry of a table; colour is empty for plain text.
type cell struct{ text, colour string }

const green, yellow, red = "32", "33", "31"

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
		for i := range row {
			row[i].text = plain.Text(row[i].text)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].text))
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
