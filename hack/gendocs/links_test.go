// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

const root = "../.."

// pageLink is a link of a page, with the place in the page that it leads to.
var pageLink = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)

// allPages returns every page, the generated ones too, by its path from the root of the repository.
func allPages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	read := func(path string) {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		found[path] = string(text)
	}
	for _, page := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"} {
		read(page)
	}
	err := fs.WalkDir(os.DirFS(root), "docs", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			read(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestLinksLeadSomewhere follows the links of every page to files of the repository, and to headings in pages.
func TestLinksLeadSomewhere(t *testing.T) {
	all := allPages(t)
	for path, text := range all {
		for _, m := range pageLink.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			to := path
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(path), m[1])
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s, which is not there", path, to)
			}
			if m[2] != "" && !anchors(all[to])[m[2]] {
				t.Errorf("%s links to %s, which has no heading %s", path, to, m[2])
			}
		}
	}
}

// TestEveryPageIsInTheIndex holds that a reader finds each page from docs/README.md.
func TestEveryPageIsInTheIndex(t *testing.T) {
	all := allPages(t)
	listed := map[string]bool{"README.md": true, "docs/README.md": true}
	for _, m := range pageLink.FindAllStringSubmatch(all["docs/README.md"], -1) {
		listed[filepath.Join("docs", m[1])] = true
	}
	for path := range all {
		if !listed[path] {
			t.Errorf("%s is not in docs/README.md", path)
		}
	}
}

// anchors are the names under which the headings of a page can be linked to.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for line := range strings.Lines(text) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			found["#"+strings.Map(anchor, strings.TrimSpace(heading))] = true
		}
	}
	return found
}

// anchor is what becomes of a character of a heading.
func anchor(r rune) rune {
	switch {
	case r == ' ':
		return '-'
	case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
		return unicode.ToLower(r)
	}
	return -1
}
