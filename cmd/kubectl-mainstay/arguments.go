// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

// noArguments refuses words after a command, and says what to do instead, where {} stands for the first of them.
func noArguments(instead string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return fmt.Errorf("%s takes no arguments, found %q%s", cmd.CommandPath(), args[0], strings.ReplaceAll(instead, "{}", plain.Word(args[0])))
	}
}

// someObject wants one word or more.
func someObject(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return fmt.Errorf("%s: name an object as KIND/NAME, such as emailprovider/transactional: 'kubectl mainstay status' lists them", cmd.CommandPath())
}

// knownCommand refuses a command that there is not, and names the one that may be meant.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, known := range cmd.Commands() {
		names = append(names, known.Name())
	}
	if near := manifest.Nearest(args[0], names); len(near) > 0 {
		return fmt.Errorf("unknown command %q: did you mean %s?", args[0], near[0])
	}
	return fmt.Errorf("unknown command %q\nSee '%s --help'", args[0], cmd.CommandPath())
}
