// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// process returns the command as a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

func TestTheProcessExitsAsDocumented(t *testing.T) {
	v := startVendors(t)
	for name, row := range map[string]struct {
		stdin string
		code  int
	}{
		"all is well":      {documents(secret("openai", goodKey), aiProvider("chat", openAISpec)), exitMet},
		"the key is wrong": {documents(secret("openai", badKey), aiProvider("chat", openAISpec)), exitUnmet},
		"bad input":        {"kind: [", exitBadInput},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := process(t, v.args()...)
			cmd.Stdin = strings.NewReader(row.stdin)
			out, err := cmd.CombinedOutput()
			if got := exitCode(err); got != row.code {
				t.Errorf("expected exit code %d, got %d:\n%s", row.code, got, out)
			}
		})
	}
}

func TestASignalEndsTheProcessCleanly(t *testing.T) {
	arrived := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	cmd := process(t, "check", "-f", "-", "--allow-http", "--allow-cidr", "127.0.0.0/8")
	cmd.Stdin = strings.NewReader(aiProvider("llm", "{provider: OpenAICompatible, endpoint: '"+server.URL+"', timeoutSeconds: 300, periodSeconds: 300}"))
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := exitCode(cmd.Wait()); got != exitInterrupted {
		t.Errorf("expected exit code %d, got %d", exitInterrupted, got)
	}
	if out.Len() > 0 {
		t.Errorf("expected nothing on standard output, got:\n%s", out.String())
	}
	mustContain(t, errOut.String(), "Interrupted.")
}

func TestASignalEndsTheWaitForStandardInput(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, feed := io.Pipe()
	defer func() { _ = feed.Close() }()
	reading := make(chan struct{})
	code := make(chan int)
	go func() {
		code <- run(ctx, surroundings{
			in: readerFunc(func(p []byte) (int, error) { close(reading); return in.Read(p) }), out: io.Discard, err: io.Discard,
			env: os.LookupEnv,
		}, []string{"kubectl-mainstay", "check", "-f", "-"})
	}()
	<-reading
	cancel()
	if got := <-code; got != exitInterrupted {
		t.Errorf("expected exit code %d, got %d", exitInterrupted, got)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
