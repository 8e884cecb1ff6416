// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// hostile are texts that want to be more than text.
var hostile = []string{
	"\x1b]0;title\x07", "a\u009b31mb", "a\u202eb", "line\n::error::x", "::error::x", "x ::error::x", "  ::error::x", "\r\n##[error]x", "##vso[task.setvariable]x",
	"broken\x9b\xff", "no\u00a0break", "tab\tnul\x00del\x7f", "\U000e0041tag", "it's $(touch escaped) `touch escaped` \\ \"", "\\n'\n'\\", "Ünïcödé ☃",
}

func TestTextIsPlain(t *testing.T) {
	for text, want := range map[string]string{
		"Ünïcödé \\ ☃ \uFFFD":        "Ünïcödé \\ ☃ \uFFFD",
		"":                           "",
		"\x1b]0;t\x07":               `\x1b]0;t\a`,
		"a\u009b31m\u202e\U000e0041": `a\u009b31m\u202e\U000e0041`,
		"a\xffb\x9b":                 `a\xffb\x9b`,
		"a\n::error::b":              `a\n::error::b`,
		"::error::b":                 `\x3a:error::b`,
		" \t::error::b":              ` \t::error::b`,
		"  ::error::b":               `  \x3a:error::b`,
		"a ::1":                      "a ::1",
		"a ##[error]b ##vso[x]":      `a \x23#[error]b \x23#vso[x]`,
		"## [x] #1[y]":               "## [x] #1[y]",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q: expected %s, got %s", text, want, got)
		}
	}
	if got, want := Lines("Error: a\u202e\n  ::b\n"), "Error: a\\u202e\n  \\x3a:b\n"; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

// problem says what in an output is more than text.
func problem(out string) string {
	for line := range strings.SplitSeq(out, "\n") {
		switch {
		case strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }):
			return "what cannot be seen"
		case strings.HasPrefix(strings.TrimLeft(line, " "), "::"), numberSigns.MatchString(line):
			return "a command of a CI system"
		}
	}
	return ""
}

func FuzzTextIsPlain(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, out := range []string{Text(text), Lines(text), Word(text)} {
			if found := problem(out); found != "" {
				t.Errorf("%q: expected plain text, found %s in %q", text, found, out)
			}
		}
		if out := Text(text); strings.Contains(out, "\n") {
			t.Errorf("%q: expected one line, found %q", text, out)
		}
		if out := Text(Text(text)); out != Text(text) {
			t.Errorf("%q: expected plain text to stay, found %q", text, out)
		}
	})
}

// TestAWordIsOneWordOfAShell gives each text to a shell, and holds that it comes back as it was.
func TestAWordIsOneWordOfAShell(t *testing.T) {
	for _, text := range append(hostile, "", "plain", "a b") {
		if strings.Contains(text, "\x00") {
			continue // No word of a shell holds one.
		}
		command := exec.CommandContext(t.Context(), "bash", "-c", "printf %s "+Word(text))
		command.Dir, command.Env = t.TempDir(), []string{"LC_ALL=C"}
		out, err := command.CombinedOutput()
		if err != nil || string(out) != text {
			t.Errorf("expected %q of %s, got %q: %v", text, Word(text), out, err)
		}
	}
}

// TestDataStaysWhatItIs holds that JSON and YAML are plain, and that who reads them gets what was written.
func TestDataStaysWhatItIs(t *testing.T) {
	want := map[string]any{"number": 12.5, "yes": "yes", "nothing": nil, "quoted0": "quoted1"}
	for _, text := range hostile {
		text = strings.ToValidUTF8(text, "?")
		want[text] = []any{text, strings.Repeat("long ", 60) + text, strings.Repeat("long ", 15) + text, map[string]any{"at": text}}
	}
	text, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	asJSON := JSON(text)
	asYAML, err := YAML(asJSON)
	if err != nil {
		t.Fatal(err)
	}
	for format, c := range map[string]struct {
		out  []byte
		read func([]byte, any) error
	}{
		"JSON": {asJSON, json.Unmarshal},
		"YAML": {asYAML, func(text []byte, into any) error { return yaml.Unmarshal(text, into) }},
	} {
		if found := problem(string(c.out)); found != "" {
			t.Errorf("%s has %s:\n%q", format, found, c.out)
		}
		var got map[string]any
		if err := c.read(c.out, &got); err != nil {
			t.Fatalf("%s: %v:\n%s", format, err, c.out)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
}

// TestWhatIsPlainIsWrittenAsEver holds that nothing changes where nobody plays tricks.
func TestWhatIsPlainIsWrittenAsEver(t *testing.T) {
	text := []byte(`{"a": ["x", 1, "true", "ü: <b>"], "b": {}}`)
	want, err := yaml.JSONToYAML(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := YAML(JSON(text))
	if err != nil || string(got) != string(want) {
		t.Errorf("expected %s, got %s, %v", want, got, err)
	}
}
