// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

func TestSymptomsAreAClosedSetInTheOrderOfStages(t *testing.T) {
	all := Symptoms()
	word := regexp.MustCompile(`^[A-Z][A-Za-z]+$`)
	seen := map[string]bool{}
	last := Configured
	for _, s := range all {
		if seen[s.String()] || !word.MatchString(s.String()) {
			t.Errorf("the name %q is not a word of its own", s)
		}
		seen[s.String()] = true
		if s.Stage() < last {
			t.Errorf("%s of stage %s comes after one of stage %s", s, s.Stage(), last)
		}
		last = s.Stage()
	}
	all[0] = Symptom{}
	if Symptoms()[0] == (Symptom{}) {
		t.Error("who gets the set can change it")
	}
}

func TestASymptomIsWrittenAsItsName(t *testing.T) {
	got, err := json.Marshal(map[string]any{"s": KeyRejected, "f": Fail(ModelNotAvailable, "gpt-9"), "zero": Symptom{}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"f":{"Result":2,"Symptom":"ModelNotAvailable","Args":["gpt-9"],"Also":null},"s":"KeyRejected","zero":""}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTokensLookLikeNames(t *testing.T) {
	cases := map[string]struct {
		text string
		want bool
	}{
		"a scope":                  {"api.model.read", true},
		"a model with a slash":     {"Qwen/Qwen3-8B:latest", true},
		"a name with underscores":  {"mail_send", true},
		"64 characters":            {strings.Repeat("a", 64), true},
		"65 characters":            {strings.Repeat("a", 65), false},
		"nothing":                  {"", false},
		"a blank":                  {"a b", false},
		"a line break at its end":  {"scope\n", false},
		"a line break inside":      {"a\nb", false},
		"markup":                   {"<b>", false},
		"a template of ours":       {"{provider}", false},
		"an optional part of ours": {"[a]", false},
		"a dollar sign":            {"$1", false},
		"letters outside of ASCII": {"modèle", false},
		"quotation marks":          {`"a"`, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text, ok := Token(c.text)
			if text != c.text || ok != c.want {
				t.Errorf("got %q and %t, want %t", text, ok, c.want)
			}
		})
	}
}
