// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-mainstay shows what a project's dependencies are worth. As a plugin it is called
// kubectl mainstay.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

// version is set by the linker.
var version string

// Exit codes, which scripts rely on.
const (
	exitMet         = 0
	exitUnmet       = 1
	exitBadInput    = 2
	exitDenied      = 3
	exitInterrupted = 130
)

var (
	// errUnmet says that some objects do not meet what was required; the output said so already.
	errUnmet = errors.New("requirement not met")
	// errInterrupted says that the user, or the system, ended the command.
	errInterrupted = errors.New("interrupted")
)

// surroundings are what the commands see of the world besides manifests and the network.
type surroundings struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) (string, bool)
	now      func() time.Time
	// terminal says that out is one, and columns how wide it is.
	terminal bool
	columns  int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process whatever it does.
	context.AfterFunc(ctx, stop)
	s := surroundings{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv, now: time.Now}
	if out := int(os.Stdout.Fd()); term.IsTerminal(out) {
		s.terminal = true
		s.columns, _, _ = term.GetSize(out)
	}
	code := run(ctx, s, os.Args)
	stop()
	os.Exit(code)
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, s surroundings, args []string) int {
	root := newRoot(s, filepath.Base(args[0]))
	root.SetArgs(args[1:])
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitMet
	case errors.Is(err, errUnmet):
		return exitUnmet
	case errors.Is(err, errInterrupted):
		_, _ = fmt.Fprintln(s.err, "Interrupted.")
		return exitInterrupted
	}
	_, _ = fmt.Fprintln(s.err, plain.Lines("Error: "+err.Error()))
	if lacking := (denied{}); errors.As(err, &lacking) {
		return exitDenied
	}
	return exitBadInput
}

func newRoot(s surroundings, invokedAs string) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-mainstay",
		Short: "Find out why a dependency of your app does not work",
		Long: `Mainstay probes what an app depends on, such as an AI or an email provider, with
read-only requests, and names the cause of what does not work and who can mend it.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	if strings.HasPrefix(invokedAs, "kubectl-") {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl mainstay"}
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())
	})
	root.AddCommand(
		newWhy(s), newStatus(s), newProbe(s), newSuspend(s, true), newSuspend(s, false),
		newCheck(s), newReasons(s), newVersion(s),
	)
	return root
}

func newVersion(s surroundings) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this command",
		Args:  noArguments(""),
		RunE: func(*cobra.Command, []string) error {
			switch output {
			case "text":
			case "json":
				return printObject(s.out, output, map[string]string{
					"version": versionName(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			default:
				return fmt.Errorf("--output: expected text or json, found %q", output)
			}
			_, err := fmt.Fprintf(s.out, "kubectl-mainstay %s (%s, %s/%s)\n",
				versionName(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`format` of the output: text or json")
	return cmd
}

// versionName is what the linker set, else what the Go toolchain knows of the build.
func versionName() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
