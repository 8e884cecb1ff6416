// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/internal/target"
)

var (
	// block is a block of code in a page: its language, what else is said of it, and its text.
	block = regexp.MustCompile("(?m)^```(\\w+)(.*)\n((?:.*\n)*?)```$")
	// indented is a line of code without a language, and inline is code within a sentence.
	indented = regexp.MustCompile(`(?m)^    (.*)$`)
	inline   = regexp.MustCompile("`([^`\n]+)`")
)

// pages returns all that there is to read, by its path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	root := os.DirFS("..")
	for _, folder := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "config"} {
		err := fs.WalkDir(root, folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".md") {
				return err
			}
			text, err := fs.ReadFile(root, path)
			found[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestWhatTheDocsDeclareIsAdmitted has the API server judge every object of Mainstay in every page, by the rules that
// refuse unknown fields too. Other YAML has to be YAML.
func TestWhatTheDocsDeclareIsAdmitted(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	admitted := map[string]int{}
	for path, page := range pages(t) {
		for _, m := range block.FindAllStringSubmatch(page, -1) {
			if m[1] != "yaml" {
				continue
			}
			for document := range strings.SplitSeq(m[3], "\n---\n") {
				kind, err := admit(t, namespace, document)
				if err != nil {
					t.Errorf("%s: %v in:\n%s", path, err, document)
				}
				admitted[kind]++
			}
		}
	}
	for _, kind := range target.Kinds {
		if admitted[kind.Name] == 0 {
			t.Errorf("expected the docs to declare a %s", kind.Name)
		}
	}
	if admitted["DependencySet"] == 0 {
		t.Error("expected the docs to declare a DependencySet")
	}
}

// admit has the API server try an object of Mainstay, and returns its kind.
func admit(t *testing.T, namespace, document string) (kind string, err error) {
	t.Helper()
	var content any
	if err := yaml.UnmarshalStrict([]byte(document), &content); err != nil {
		return "", err
	}
	object := &unstructured.Unstructured{}
	object.Object, _ = content.(map[string]any)
	if object.GroupVersionKind().Group != "mainstay.dev" {
		return "", nil
	}
	object.SetNamespace(namespace)
	return object.GetKind(), world.admin.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// TestCommandsInTheDocsExist asks every command that a page shows for help, which it gives where it exists and has the
// flags that the page gives it. Values for the chart are tried on it, and targets of make looked up.
func TestCommandsInTheDocsExist(t *testing.T) {
	t.Parallel()
	buildChartTools(t)
	s := newShell(t)
	makefile, err := os.ReadFile(filepath.Join("..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	programs, asked := map[string]int{}, map[string]bool{}
	for command, path := range commands(pages(t)) {
		program, _, _ := strings.Cut(command, " ")
		programs[program]++
		if program == "make" {
			for _, word := range strings.Fields(command)[1:] {
				if !strings.Contains(word, "=") && !strings.Contains(string(makefile), "\n"+word+":") {
					t.Errorf("%s: there is no target %s in the Makefile", path, word)
				}
			}
			continue
		}
		// Commands that differ in names alone need no more than one answer.
		shape := strings.Join(shapes.FindAllString(command, -1), " ")
		if asked[shape] {
			continue
		}
		asked[shape] = true
		out, code := s.run("cd .. && "+command+" --help", "")
		// Who gets a command that it does not know may help with itself instead.
		if words := strings.Fields(command); code != 0 || len(words) > 2 && words[1] == "mainstay" && !strings.Contains(out, "kubectl mainstay "+words[2]) {
			t.Errorf("%s: %s: exit code %d:\n%s", path, command, code, out)
		}
		for _, values := range setValues.FindAllString(command, -1) {
			if out, code := s.run("helm template mainstay ../config/chart --set metrics.readers[0].name=a,metrics.readers[0].namespace=b "+values, ""); code != 0 {
				t.Errorf("%s: the chart refuses %s:\n%s", path, values, out)
			}
		}
	}
	for _, program := range []string{"kubectl", "helm", "make"} {
		if programs[program] == 0 {
			t.Errorf("expected commands of %s in the docs, found %v", program, programs)
		}
	}
}

var (
	// shapes are the parts of a command that are not its user's own: its first words, flags, and values of a chart.
	shapes = regexp.MustCompile(`^\w+ \w+( \w+)?|--set \S+| -[-\w]+`)
	// setValues are values for a chart.
	setValues = regexp.MustCompile(`--set ('[^']*'|\S+)`)
	// remark is what is said of a command behind it, and what it does with other programs and files.
	remark = regexp.MustCompile(`\s+(#|&&|\||<<|>).*`)
)

// commands returns what the pages have a reader type, each with a page that does.
func commands(pages map[string]string) map[string]string {
	found := map[string]string{}
	for path, page := range pages {
		var code []string
		for _, m := range block.FindAllStringSubmatch(page, -1) {
			switch m[1] {
			case "sh":
				code = append(code, m[3])
			case "console":
				line, _, _ := strings.Cut(strings.TrimPrefix(m[3], "$ "), "\n")
				code = append(code, line)
			}
		}
		prose := block.ReplaceAllString(page, "")
		for _, pattern := range []*regexp.Regexp{indented, inline} {
			for _, m := range pattern.FindAllStringSubmatch(prose, -1) {
				code = append(code, m[1])
			}
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(strings.Join(code, "\n"), "\\\n", ""), "\n") {
			program, _, more := strings.Cut(line, " ")
			if more && slices.Contains([]string{"kubectl", "helm", "make"}, program) {
				found[strings.TrimSpace(remark.ReplaceAllString(line, ""))] = path
			}
		}
	}
	return found
}

// TestFlagsAndPathsInTheDocsExist looks up every flag and path that a sentence names.
func TestFlagsAndPathsInTheDocsExist(t *testing.T) {
	t.Parallel()
	buildChartTools(t)
	known := knownFlags(t)
	paths := regexp.MustCompile(`^(api|cmd|config|controllers|docs|hack|internal)/[\w./-]+$`)
	flags := regexp.MustCompile(`^--([a-z-]+)`)
	for path, page := range pages(t) {
		for _, m := range inline.FindAllStringSubmatch(block.ReplaceAllString(page, ""), -1) {
			if flag := flags.FindStringSubmatch(m[1]); flag != nil && !known[flag[1]] {
				t.Errorf("%s: nothing has the flag --%s", path, flag[1])
			}
			// That page names files that a reader makes.
			if paths.MatchString(m[1]) && path != "docs/adding-a-provider.md" {
				if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		}
	}
}

// knownFlags are those of all commands that the docs speak of.
func knownFlags(t *testing.T) map[string]bool {
	t.Helper()
	program, err := operatorProgram()
	if err != nil {
		t.Fatal(err)
	}
	s, flag := newShell(t), regexp.MustCompile(`(?m)^ *(?:-\w, )?--([a-z-]+)`)
	known := map[string]bool{"custom-resource-state-config-file": true} // Of kube-state-metrics.
	for _, help := range []string{
		program + " --help", "kubectl mainstay why --help", "kubectl mainstay status --help", "kubectl mainstay check --help",
		"helm install --help",
	} {
		found := map[string]bool{}
		for _, m := range flag.FindAllStringSubmatch(s.must(help, ""), -1) {
			found[m[1]] = true
		}
		if len(found) < 3 {
			t.Errorf("%s: expected flags, found %v", help, found)
		}
		maps.Copy(known, found)
	}
	return known
}
