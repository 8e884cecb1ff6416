// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPagesAreUpToDate(t *testing.T) {
	for name, write := range pages {
		t.Run(name, func(t *testing.T) {
			found, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
			if err != nil {
				t.Fatalf("run `make generate`: %v", err)
			}
			var want bytes.Buffer
			write(&want)
			if diff := cmp.Diff(want.String(), string(found)); diff != "" {
				t.Errorf("docs/%s is out of date, run `make generate` (-generated +found):\n%s", name, diff)
			}
		})
	}
}

// TestEveryHeadingIsThereOnce holds that each has one anchor, so that links lead to all that is said of it.
func TestEveryHeadingIsThereOnce(t *testing.T) {
	heading := regexp.MustCompile(`(?m)^#+ .*$`)
	var page bytes.Buffer
	reasons(&page)
	seen := map[string]bool{}
	for _, h := range heading.FindAllString(page.String(), -1) {
		if seen[h] {
			t.Errorf("docs/reasons.md has the heading %q twice", h)
		}
		seen[h] = true
	}
}

// TestPagesReadWell looks for what a template leaves behind when a piece is missing.
func TestPagesReadWell(t *testing.T) {
	leftover := regexp.MustCompile(`[{}]|\*\*\*\*|%!|[^|\n]  +[^|]| \.|: *\n\n\n|<nil>`)
	for name, write := range pages {
		var page bytes.Buffer
		write(&page)
		for i, line := range strings.Split(page.String(), "\n") {
			if found := leftover.FindString(line); found != "" {
				t.Errorf("%s, line %d: found %q in %q", name, i+1, found, line)
			}
		}
		if !strings.HasSuffix(page.String(), "\n") || strings.HasSuffix(page.String(), "\n\n") {
			t.Errorf("%s: expected one line feed at the end", name)
		}
	}
}
