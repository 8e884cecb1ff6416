// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

// placeFlags are the flags with which the caller chose another cluster than the current one; a command to copy that
// lacks them would go to the current one.
func (c *cluster) placeFlags() string {
	var b strings.Builder
	if c.flags == nil {
		return ""
	}
	for _, flag := range []struct {
		name  string
		value *string
	}{{"kubeconfig", c.flags.KubeConfig}, {"context", c.flags.Context}} {
		if flag.value != nil && *flag.value != "" {
			b.WriteString(" --" + flag.name + " " + plain.Word(*flag.value))
		}
	}
	return b.String()
}

// ofKubectl matches a command up to where it takes flags: those of kubectl do not go before the name of a plugin.
var ofKubectl = regexp.MustCompile(`\bkubectl (mainstay [a-z]+|auth can-i|create secret generic|[a-z]+)`)

// placed puts the flags of the caller into every command of a text.
func (c *cluster) placed(text string) string {
	flags := c.placeFlags()
	if flags == "" || strings.Contains(text, flags) {
		return text
	}
	return ofKubectl.ReplaceAllStringFunc(text, func(command string) string { return command + flags })
}

// place has every command of an answer lead to the cluster that was asked about.
func (c *cluster) place(a *answer) {
	lists := [][]string{a.Reproduce}
	for i := range a.Causes {
		found := &a.Causes[i]
		found.Advice = c.placed(found.Advice)
		lists = append(lists, found.Fix, found.Verify, found.Reproduce)
	}
	for _, commands := range lists {
		for i := range commands {
			commands[i] = c.placed(commands[i])
		}
	}
	a.Well = c.placed(a.Well)
}
