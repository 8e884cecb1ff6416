// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// dockerfile is what the Dockerfile tells an engine to do, one instruction a line.
var dockerfile = sync.OnceValues(func() (instructions []string, err error) {
	text, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && !strings.HasPrefix(line, "#") {
			instructions = append(instructions, line)
		}
	}
	return instructions, nil
})

// instruction returns what follows the only instruction that matches, by its groups.
func instruction(pattern string) (groups []string, err error) {
	all, err := dockerfile()
	if err != nil {
		return nil, err
	}
	var found [][]string
	for _, line := range all {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil {
			found = append(found, m[1:])
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("expected one instruction %q in the Dockerfile, found %d", pattern, len(found))
	}
	return found[0], nil
}

// copied are the files and folders that the Dockerfile copies from the sources.
func copied() (sources []string, err error) {
	all, err := dockerfile()
	for _, line := range all {
		words := strings.Fields(line)
		if words[0] == "COPY" && !strings.HasPrefix(words[1], "--from") {
			sources = append(sources, words[1:len(words)-1]...)
		}
	}
	return sources, err
}

// operatorProgram builds the operator once, and returns the program. It is built as all else here rather than as for an
// image, or whatever it needs would be compiled once more.
var operatorProgram = sync.OnceValues(func() (program string, err error) {
	program = filepath.Join(world.tools, "manager")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/manager").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

// copySources makes a folder with what the Dockerfile copies and nothing else.
func copySources(t *testing.T, sources []string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for _, source := range sources {
		from, to := filepath.Join("..", source), filepath.Join(folder, source)
		if strings.HasSuffix(source, "/") {
			if err := os.CopyFS(to, os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		content, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestTheImage holds what can be held of the Dockerfile without an engine: that all that the operator is built from is
// copied, and that the pieces agree with each other, with the Makefile and with the Deployment.
func TestTheImage(t *testing.T) {
	t.Parallel()
	sources, err := copied()
	if err != nil {
		t.Fatal(err)
	}
	one := func(pattern string) string {
		t.Helper()
		groups, err := instruction(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return groups[0]
	}
	list := exec.Command("go", "list", "-deps", one(`^RUN .*go build .* (\S+)$`))
	list.Dir = copySources(t, sources)
	if out, err := list.CombinedOutput(); err != nil {
		t.Errorf("expected all that is built to be copied: %v: %s", err, out)
	}
	ignored := readLines(t, ".dockerignore")
	for _, source := range sources {
		if !slices.Contains(ignored, "!"+strings.TrimSuffix(source, "/")) {
			t.Errorf("expected .dockerignore to let %s through", source)
		}
	}
	built, runs := one(`^RUN .*go build .* -o (\S+)`), one(`^ENTRYPOINT \["(.*)"\]$`)
	if from := one(`^COPY --from=build (\S+ \S+)$`); from != built+" "+runs {
		t.Errorf("expected %s to be copied to %s, found %s", built, runs, from)
	}
	// The kubelet cannot tell that a user is not root by its name.
	if user, err := strconv.Atoi(strings.Split(one(`^USER (.*)$`), ":")[0]); err != nil || user == 0 {
		t.Errorf("expected the number of a user that is not root: %v", err)
	}
	if version := one(`^FROM .*golang:(\S+) AS build$`); !slices.Contains(readLines(t, "go.mod"), "go "+version+".0") {
		t.Errorf("expected the builder to have the Go that go.mod asks for, found %s", version)
	}
	flags := one(`^RUN .*go build (.*) -ldflags`)
	if !slices.ContainsFunc(readLines(t, "Makefile"), func(line string) bool {
		return strings.HasPrefix(line, "GO_BUILD := CGO_ENABLED=0 go build "+flags+" ")
	}) {
		t.Errorf("expected make build to build with %s too", flags)
	}
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}
