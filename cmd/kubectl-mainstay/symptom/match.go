// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package symptom

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
)

// maxWords bounds how much of a text is looked at: people paste whole logs.
const maxWords = 200

// Match returns the symptoms that a text speaks of, the clearest first. One of which all that was said is
// part of what was said of another is left out: "403 insufficient_scope" is no plain 403.
func Match(text string) []Symptom {
	said := words(text)
	type match struct {
		Symptom
		heard map[string]bool
	}
	var matches []match
	for _, s := range table {
		m := match{Symptom: s, heard: map[string]bool{}}
		for _, phrase := range s.Phrases {
			if meant := words(phrase); containsAll(said, meant) {
				for _, word := range meant {
					m.heard[word] = true
				}
			}
		}
		if len(m.heard) > 0 {
			matches = append(matches, m)
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(len(b.heard), len(a.heard)) })
	var found []Symptom
	for i, m := range matches {
		covered := slices.ContainsFunc(matches[:i], func(other match) bool {
			return len(other.heard) > len(m.heard) && subset(m.heard, other.heard)
		})
		if !covered {
			found = append(found, m.Symptom)
		}
	}
	return found
}

// Nearest returns the names of symptoms for a text that speaks of none: those with a long word that somebody may
// have meant, else all.
func Nearest(text string) []string {
	var names, all []string
	for _, s := range table {
		all = append(all, s.Name)
		var known []string
		for _, phrase := range s.Phrases {
			known = append(known, words(phrase)...)
		}
		for _, word := range words(text) {
			if len(word) > 4 && len(manifest.Nearest(word, known)) > 0 {
				names = append(names, s.Name)
				break
			}
		}
	}
	if len(names) == 0 {
		return all
	}
	return names
}

// words splits a text at all that is neither letter nor digit, and makes the forms of a word one.
func words(text string) []string {
	split := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	split = split[:min(len(split), maxWords)]
	for i, word := range split {
		for _, ending := range []string{"ing", "ed", "es", "s"} {
			if stem, cut := strings.CutSuffix(word, ending); cut && len(stem) > 3 {
				split[i] = stem
				break
			}
		}
	}
	return split
}

func containsAll(words, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool { return !slices.Contains(words, w) })
}

func subset(a, b map[string]bool) bool {
	for word := range a {
		if !b[word] {
			return false
		}
	}
	return true
}
