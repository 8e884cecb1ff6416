// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

// block is a block of code in a page: its language, what else is said of it, and its text.
var block = regexp.MustCompile("(?m)^```(\\w+)(.*)\n((?:.*\n)*?)```$")

// TestWhatTheDocsDeclareIsAdmitted has the API server judge every object of Mainstay in every page, by the rules that
// refuse unknown fields too. Other YAML has to be YAML.
func TestWhatTheDocsDeclareIsAdmitted(t *testing.T) {
	namespace := newNamespace(t)
	admitted := map[string]int{}
	pages := os.DirFS("..")
	err := fs.WalkDir(pages, ".", func(path string, entry fs.DirEntry, err error) error {
		if entry.IsDir() && path != "." && path != "docs" && path != "docs/kinds" {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".md") {
			return err
		}
		page, err := fs.ReadFile(pages, path)
		for _, m := range block.FindAllSubmatch(page, -1) {
			if string(m[1]) == "yaml" {
				for document := range bytes.SplitSeq(m[3], []byte("\n---\n")) {
					admit(t, namespace, fmt.Sprintf("%s:\n%s", path, document), document, admitted)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
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

// admit creates an object of Mainstay as a try, and counts it by its kind.
func admit(t *testing.T, namespace, where string, document []byte, admitted map[string]int) {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(document, &object.Object); err != nil {
		t.Errorf("%v in %s", err, where)
		return
	}
	if object.GroupVersionKind().Group != "mainstay.dev" {
		return
	}
	object.SetNamespace(namespace)
	err := world.admin.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
	if err != nil {
		t.Errorf("%v in %s", err, where)
	}
	admitted[object.GetKind()]++
}

// TestANewcomersFirstTenMinutes follows docs/getting-started.md: it types each command, and holds what is printed
// against the page.
func TestANewcomersFirstTenMinutes(t *testing.T) {
	c := newCluster(t)
	path := filepath.Join("..", "docs", "getting-started.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const madeUp = "re_made_up_in_a_hurry"
	if !bytes.Contains(page, []byte(madeUp)) {
		t.Fatalf("expected the page to try the key %s", madeUp)
	}
	c.play("Resend", providertest.Unauthorized, madeUp)
	t.Setenv("RESEND_API_KEY", "re_of_a_real_account")
	t.Setenv("FLAGS", strings.Join(append(c.flags, "--metrics-addr=0", "--health-addr=0"), " "))
	run := 0
	updated := block.ReplaceAllStringFunc(string(page), func(text string) string {
		m := block.FindStringSubmatch(text)
		switch {
		case m[1] == "sh" && strings.Contains(m[2], "second terminal"):
			c.secondTerminal(m[3])
		case m[1] == "sh":
			c.must("cd .. && set -euo pipefail\n"+m[3], "")
		case m[1] == "console":
			return c.screen(m[3])
		default:
			return text
		}
		run++
		return text
	})
	if run < 5 {
		t.Errorf("expected the page to have commands, found %d blocks of them", run)
	}
	if *updatePages {
		if err := os.WriteFile(path, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(updated, string(page)); diff != "" {
		t.Errorf("%s is out of date, run go test ./controllers -run Newcomer -update (-printed +page):\n%s", path, diff)
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

// secondTerminal runs a block until the test ends.
func (c *cluster) secondTerminal(text string) {
	c.Helper()
	terminal := exec.Command("bash", "-c", "cd .. && exec "+text)
	terminal.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	start(c.T, terminal)
}

// play has a played vendor answer who sends a key with a case.
func (c *cluster) play(provider, name, key string) {
	c.Helper()
	answer, err := http.PostForm(c.simulator+"/play", url.Values{"provider": {provider}, "case": {name}, "key": {key}})
	if err != nil {
		c.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		c.Fatalf("the simulator cannot play %s of %s: %s", name, provider, answer.Status)
	}
}
