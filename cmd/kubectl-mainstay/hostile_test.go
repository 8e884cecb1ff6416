// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
)

// hostile are texts of manifests that want to be more than text. Which of them a field takes is for its rules to say.
var hostile = []string{
	"\x1b]0;title\x07", "a\u009b31mb", "a\u202eb", "line\n::error::x", "::error::x", "x ::error::x", "##vso[task.setvariable]x",
	"a/\u202e", "/\u202ea", "https://a.example/\u202e", "https://\u202e.example",
}

// mustBePlain holds that an output has no character that cannot be seen, and no command of a CI system.
func mustBePlain(t *testing.T, what, out string) {
	t.Helper()
	for line := range strings.SplitSeq(out, "\n") {
		unseen := strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) })
		if unseen || strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##vso[") {
			t.Errorf("%s: expected plain text, found the line %q", what, line)
		}
	}
}

// hostileVariants are manifests that have a hostile text in one place each: a key or a value.
func hostileVariants(text string) []any {
	var variants []any
	var whole any
	vary := func(into func(any), value any) {
		for _, each := range hostile {
			into(each)
			copied, _ := json.Marshal(whole)
			var variant any
			_ = json.Unmarshal(copied, &variant)
			variants = append(variants, variant)
		}
		into(value)
	}
	var walk func(value any, into func(any))
	walk = func(value any, into func(any)) {
		switch value := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				walk(value[key], func(v any) { value[key] = v })
			}
			vary(func(key any) {
				for _, each := range hostile {
					delete(value, each)
				}
				if name, isHostile := key.(string); isHostile {
					value[name] = "x"
				}
			}, nil)
		case []any:
			for i := range value {
				walk(value[i], func(v any) { value[i] = v })
			}
		default:
			vary(into, value)
		}
	}
	_ = yaml.Unmarshal([]byte(text), &whole)
	walk(whole, func(any) {})
	return variants
}

// hostileManifests are the variants of every sample, each under a name of its own: those that the rules of the API
// server admit, and those that they refuse.
func hostileManifests(t *testing.T) (admitted, refused []manifest.Object) {
	t.Helper()
	var documents []string
	for _, s := range samples(t) {
		for _, variant := range hostileVariants(s.text) {
			if metadata, _ := variant.(map[string]any)["metadata"].(map[string]any); metadata["name"] == s.Metadata.Name {
				metadata["name"] = fmt.Sprintf("hostile-%d", len(documents))
			}
			document, err := json.Marshal(variant)
			if err != nil {
				t.Fatal(err)
			}
			documents = append(documents, string(document))
		}
	}
	objects, unread := manifest.Read(manifest.Sources{Files: []string{"-"}, Stdin: strings.NewReader(strings.Join(documents, "\n"))})
	_, problems, err := manifest.Sort(objects, "default")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if slices.ContainsFunc(problems, func(p manifest.Problem) bool { return p.Origin == o.Origin }) {
			refused = append(refused, o)
		} else if o.GetAPIVersion() == "mainstay.dev/v1alpha1" {
			admitted = append(admitted, o)
		}
	}
	if len(admitted) < 100 || len(refused) < 1000 || len(unread) > 0 {
		t.Fatalf("expected many manifests of both sorts, found %d and %d; %v", len(admitted), len(refused), unread)
	}
	return admitted, refused
}

// asInput writes objects as the input of check.
func asInput(t *testing.T, objects []manifest.Object) string {
	t.Helper()
	var b strings.Builder
	for _, o := range objects {
		text, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// TestNoManifestGetsControlOfATerminalOrACISystem checks hostile variants of every sample, with their providers in good
// health, in each format.
func TestNoManifestGetsControlOfATerminalOrACISystem(t *testing.T) {
	simulated, secrets := playEverything(t)
	folder := t.TempDir()
	for name, text := range map[string]string{"secrets.yaml": secrets, "::error::x\u202e\n::error::x.yaml": "kind: ["} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	admitted, refused := hostileManifests(t)
	t.Chdir(folder)
	r := command{args: []string{"check", "-R", "-f", ".", "-f", "-"}, stdin: asInput(t, refused)}.run(t.Context(), t)
	mustExit(t, r, exitBadInput)
	mustBePlain(t, "refused", r.err)
	for _, format := range []string{"table", "json", "yaml", "junit"} {
		r := command{args: append(simulated.args, "-f", "secrets.yaml", "-o", format), stdin: asInput(t, admitted)}.run(t.Context(), t)
		mustExit(t, r, exitUnmet)
		mustBePlain(t, format, r.out)
		mustBePlain(t, format, r.err)
	}
}

// TestNoObjectGetsControlOfATerminal explains hostile variants of every sample, as objects of a cluster.
func TestNoObjectGetsControlOfATerminal(t *testing.T) {
	admitted, _ := hostileManifests(t)
	input, problems, err := manifest.Sort(admitted, "default")
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	for i, each := range input.Dependencies {
		d := dependency{each.Kind, each.Object}
		visited(d, "It says "+hostile[i%len(hostile)]+" and "+strings.Repeat("x ", i%100)+hostile[i%len(hostile)])
		what := d.named().String()
		mustBePlain(t, what, explained(t, what, d))
		d.SharedStatus().Conditions[1].Reason = hostile[i%len(hostile)]
		terminal := surroundings{env: noEnv, now: func() time.Time { return now }, terminal: true}
		mustBePlain(t, what, colour.ReplaceAllString(newCluster(terminal).tree(survey{dependencies: []dependency{d}}), ""))
	}
}

// colour is what our own tables have of them.
var colour = regexp.MustCompile("\x1b\\[(0|31|32|33)m")

func noEnv(string) (string, bool) { return "", false }
