// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
	"mainstay.dev/mainstay/internal/target"
)

func TestFilesAreCutIntoDocuments(t *testing.T) {
	type doc struct {
		Line  int
		Value any
	}
	for name, row := range map[string]struct {
		text string
		want []doc
	}{
		"nothing":                   {"", nil},
		"blank lines and comments":  {"\n# a\n---\n  # b\n", nil},
		"one document":              {"a: x", []doc{{1, map[string]any{"a": "x"}}}},
		"a licence before":          {"# Copyright\n---\n\na: x\n", []doc{{4, map[string]any{"a": "x"}}}},
		"two documents":             {"a: x\n---\nb: z\n", []doc{{1, map[string]any{"a": "x"}}, {3, map[string]any{"b": "z"}}}},
		"lines end as on Windows":   {"a: x\r\n---\r\nb: z\r\n", []doc{{1, map[string]any{"a": "x"}}, {3, map[string]any{"b": "z"}}}},
		"a byte order mark":         {"\uFEFFa: x", []doc{{1, map[string]any{"a": "x"}}}},
		"a comment after the marks": {"a: x\n--- # next\nb: z\n", []doc{{1, map[string]any{"a": "x"}}, {3, map[string]any{"b": "z"}}}},
		"the end of a document":     {"a: x\n...\nb: z\n", []doc{{1, map[string]any{"a": "x"}}, {3, map[string]any{"b": "z"}}}},
		"marks inside of a text":    {"a: |\n  x\n  ---\n  y\n", []doc{{1, map[string]any{"a": "x\n---\ny\n"}}}},
		"more than three marks":     {"a: |\n  x\nb: ----", []doc{{1, map[string]any{"a": "x\n", "b": "----"}}}},
		"a stream of JSON":          {"{\"a\": \"x\"}\n\n{\n\t\"b\": \"z\"}", []doc{{1, map[string]any{"a": "x"}}, {3, map[string]any{"b": "z"}}}},
		"YAML that begins as JSON":  {"{a: x}\n---\nb: z", []doc{{1, map[string]any{"a": "x"}}, {3, map[string]any{"b": "z"}}}},
		"whole numbers stay whole":  {"a: 9007199254740993", []doc{{1, map[string]any{"a": int64(9007199254740993)}}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []doc
			for _, d := range split([]byte(row.text)) {
				value, err := d.parse()
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, doc{d.start, value})
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoErrorQuotesAValue(t *testing.T) {
	for name, text := range map[string]string{
		"text where fields belong": "stringData: canary\n  apiKey: canary",
		"an open quote":            "apiKey: \"canary",
		"an alias":                 "apiKey: *canary",
		"a tag":                    "apiKey: !!int canary",
		"half a JSON":              `{"apiKey": "canary`,
		"bare JSON":                `{"apiKey": canary}`,
		"a tab":                    "a:\n\tapiKey: canary",
		"a merge":                  "<<: canary",
	} {
		t.Run(name, func(t *testing.T) {
			for _, d := range split([]byte(text)) {
				if _, err := d.parse(); err != nil && strings.Contains(err.Error(), "canary") {
					t.Error(err)
				}
			}
		})
	}
}

func TestTheNearestNameIsFound(t *testing.T) {
	names := []string{"models", "provider", "secretRef", "suspend", "key"}
	for name, row := range map[string]struct{ typed, want string }{
		"two letters swapped": {"modles", "models"},
		"a letter missing":    {"model", "models"},
		"another case":        {"SECRETREF", "secretRef"},
		"a part":              {"secret", "secretRef"},
		"nothing like it":     {"temperature", ""},
		"too short to guess":  {"x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(Nearest(row.typed, names), " ")
			if got != row.want {
				t.Errorf("expected %q, got %q", row.want, got)
			}
		})
	}
}

// TestKindsAndCRDsAgree holds the two lists together: a kind that can be probed but not validated, or the
// other way around, would be refused with a puzzling message.
func TestKindsAndCRDsAgree(t *testing.T) {
	byKind, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range target.Kinds {
		if _, ok := byKind[kind.Name]; !ok {
			t.Errorf("kind %s has no embedded CRD", kind.Name)
		}
	}
}

func TestURLsLoseWhatMayBeACredential(t *testing.T) {
	for in, want := range map[string]string{
		"found https://user:canary@host/v1":   "found https://[redacted]@host/v1",
		"found https://canary@host":           "found https://[redacted]@host",
		"found https://user:can/ary@host/v1":  "found https://[redacted]@host/v1",
		"found user:canary@host/v1":           "found [redacted]@host/v1",
		"found 'https://host/v1?key=canary'":  "found 'https://host/v1?[redacted]'",
		"found https://host/v1#canary rest":   "found https://host/v1#[redacted] rest",
		"found https://host:8000/v1, as told": "found https://host:8000/v1, as told",
	} {
		if got := redactURLs(in); got != want {
			t.Errorf("expected %q, got %q", want, got)
		}
	}
}

func FuzzReadingNeverPanics(f *testing.F) {
	for _, seed := range []string{"a: b\n---\nc: d", `{"kind":"List","items":[{}]}`, "...\n---", "{{ x }}", "kind: [", "items: [1]", "apiVersion: mainstay.dev/v1alpha1\nkind: \"::a\\u009b\"\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		objects, problems := Read(Sources{Files: []string{"-"}, Stdin: strings.NewReader(text)})
		_, more, err := Sort(objects, "default")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range append(problems, more...) {
			if said := p.String(); said != plain.Text(said) {
				t.Errorf("expected plain text, found %q", said)
			}
		}
	})
}
