// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

// quickBuild has make build with no other flags than the tests, or whatever the operator needs would be compiled once more.
const quickBuild = "MAKEFLAGS=e GO_BUILD='go build'"

// TestANewcomersFirstTenMinutes follows docs/getting-started.md: it types each command, in the order of the page, and
// holds what is printed against the page.
func TestANewcomersFirstTenMinutes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	path := filepath.Join("..", "docs", "getting-started.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const madeUp = "re_made_up_in_a_hurry"
	if !strings.Contains(string(page), madeUp) {
		t.Fatalf("expected the page to try the key %s", madeUp)
	}
	world.vendors["Resend"].PlayFor(madeUp, providertest.Unauthorized)
	typed := 0
	updated := block.ReplaceAllStringFunc(string(page), func(text string) string {
		m := block.FindStringSubmatch(text)
		switch {
		case m[1] == "sh" && strings.Contains(m[2], "second terminal"):
			c.secondTerminal(m[3])
		case m[1] == "sh":
			c.must("cd .. && set -euo pipefail && export RESEND_API_KEY=re_"+canary+" "+quickBuild+"\n"+m[3], "")
		case m[1] == "console":
			text = c.screen(m[3])
		default:
			return text
		}
		typed++
		return text
	})
	if typed < 8 {
		t.Errorf("expected the page to have commands, found %d blocks of them", typed)
	}
	if *updatePages {
		if err := os.WriteFile(path, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(updated, string(page)); diff != "" {
		t.Errorf("%s is out of date, run go test ./controllers -run Newcomer -args -update (-printed +page):\n%s", path, diff)
	}
}

// screen runs the command of a block, and returns the block with what it prints.
func (c *cluster) screen(text string) string {
	c.Helper()
	line, _, _ := strings.Cut(strings.TrimPrefix(text, "$ "), "\n")
	printed, _ := c.run(line, "")
	for _, each := range moving {
		printed = each.pattern.ReplaceAllString(printed, each.stands)
	}
	return "```console\n$ " + line + "\n" + printed + "```"
}

// secondTerminal runs a block until the test ends. The operator finds the vendors where the test plays them.
func (c *cluster) secondTerminal(text string) {
	c.Helper()
	flags := append(vendorFlags(), "--metrics-addr=0", "--health-addr=0")
	terminal := exec.Command("bash", "-c", "cd .. && export "+quickBuild+" && exec "+text)
	terminal.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig, "FLAGS="+strings.Join(flags, " "))
	start(c.T, terminal)
}
