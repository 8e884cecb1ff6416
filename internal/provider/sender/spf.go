// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package sender reads what DNS says of the domain that an app sends email from: SPF, DKIM, DMARC and MX.
// Its functions judge nothing but records; what that means for a provider is the caller's to say.
package sender

import (
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// Lookup returns the records that a name has.
type Lookup func(probe.Question) probe.Records

// MaxLookups is how many terms of an SPF record may need a lookup, those of included records with them; a
// record that needs more counts as broken (RFC 7208, section 4.6.4).
const MaxLookups = 10

// SPF is what the SPF record of a name says, with all that it includes.
type SPF struct {
	// Open is set where it is not known what the records say.
	Open bool
	// Records is how many SPF records the name has. Receivers take exactly one.
	Records int
	// Lookups is how many of its terms need a lookup, counted up to one more than may be.
	Lookups int
	// Broken says that an included name has not exactly one SPF record.
	Broken bool
	// Includes are the names that are included, by the record itself or by an included one.
	Includes []string
	// PassesAll says that the record, or an included one, lets anyone send.
	PassesAll bool
	// Others says that the record itself lets addresses send that Includes do not tell of.
	Others bool
}

// ReadSPF reads the SPF record of a domain. It asks no more often than a record may need lookups.
func ReadSPF(look Lookup, domain string) SPF {
	var s SPF
	s.Records = s.follow(look, domain, true)
	return s
}

// follow reads the record of one name and returns how many there are.
func (s *SPF) follow(look Lookup, domain string, own bool) int {
	found := look(probe.Question{Name: domain, Type: probe.TXT})
	if found.Fault != (probe.Symptom{}) {
		s.Open = true
		return 0
	}
	records := slices.DeleteFunc(slices.Clone(found.Texts), func(text string) bool {
		version, _, _ := strings.Cut(text, " ")
		return !strings.EqualFold(version, "v=spf1")
	})
	if len(records) == 1 {
		s.terms(look, records[0], own)
	}
	return len(records)
}

// terms reads the terms of one record.
func (s *SPF) terms(look Lookup, record string, own bool) {
	words := strings.Fields(strings.ToLower(record))[1:]
	hasAll := slices.ContainsFunc(words, func(word string) bool { return strings.TrimLeft(word, "+-~?") == "all" })
	for _, word := range words {
		qualifier, term := "+", word
		if strings.ContainsAny(word[:1], "+-~?") {
			qualifier, term = word[:1], word[1:]
		}
		name, value := term, ""
		if i := strings.IndexAny(term, ":=/"); i >= 0 {
			name, value = term[:i], term[i+1:]
		}
		switch name {
		case "include":
			s.include(look, value)
		case "redirect":
			if !hasAll { // Else it counts for nothing.
				s.include(look, value)
			}
		case "a", "mx", "ptr", "exists":
			s.Lookups++
			s.Others = s.Others || own && qualifier == "+"
		case "ip4", "ip6":
			s.Others = s.Others || own && qualifier == "+"
		case "all":
			s.PassesAll = s.PassesAll || qualifier == "+"
		}
	}
}

// include reads the record of an included name. A name with macros is another one for each email.
func (s *SPF) include(look Lookup, name string) {
	name = strings.TrimSuffix(name, ".")
	s.Lookups++
	switch {
	case s.Lookups > MaxLookups || s.Open:
		return
	case strings.Contains(name, "%"):
		s.Others = true
		return
	}
	s.Includes = append(s.Includes, name)
	if s.follow(look, name, false) != 1 && !s.Open {
		s.Broken = true
	}
}
