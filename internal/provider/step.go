// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// Step is one request, or one for each name that the spec asks for. It reads, and costs nothing, unless
// the spec opted in to more.
type Step struct {
	// Path is relative to the base URL; {name} in it stands for one of the names of Each, and {path} for one
	// that is a path itself.
	Path string
	// At returns the path in place of Path where that takes more: what the spec names besides, or what an earlier
	// answer told.
	At func(*Page) string
	// Missing is what it means that nothing is at the path; the common reading where it is zero.
	Missing probe.Symptom
	// BaseURL replaces the provider's own for the step, at a vendor with several hosts. Where the user or
	// the administrator set another base URL, that holds for all steps.
	BaseURL string
	// URL returns where to ask in place of a path, as an earlier answer says; empty for nowhere. A credential goes
	// there only where its owner lets it. Auth is how the step sends it, where the provider's other steps send
	// none.
	URL  func(*Page) string
	Auth func(*Page) probe.Auth
	// Unread is what it means that no good answer comes, whatever keeps it, at a step that the provider itself
	// does not answer; the common reading where it is zero.
	Unread probe.Symptom
	// OptIn marks what costs the user something, however little. It is done only where the spec asks for it
	// and nothing was found wrong before, in a slow rhythm of its own, and what is wrong with it says nothing
	// of the way to the provider: Refused is what it means where the vendor's rules know nothing better.
	OptIn   bool
	Refused probe.Symptom
	// Body returns what the step posts; nil for a step that reads. Header returns what it needs besides the
	// provider's own.
	Body   func(*Page) string
	Header func(*Page) map[string]string
	// Silent says that a good answer may be empty.
	Silent bool
	// When says whether the step applies; nil for always.
	When func(probe.Wants) bool
	// Unless says that earlier answers make the step needless; nil for never.
	Unless func(*Page) bool
	// Each returns the names for which the step is repeated; nil for a step sent once.
	Each func(probe.Wants) []string
	// Spelled is how Path spells a name of Each; nil for alike.
	Spelled func(name string) string
	// Either says that one of the names will do, of which the spec asks for the first: they are tried in order
	// until one is there.
	Either bool
	// Scope is what the key needs for the step, at a vendor where an earlier step reads the key's scopes.
	// A key that lacks it, or is refused all the same, has not failed. Without says what stays open where a key
	// may not do the step; nil for nothing.
	Scope   string
	Without func(*Page)
	// Permission is what the key needs for the step, at a vendor whose refusals name it or leave it to us. Where
	// Needed says that the spec does not need what the step reads, a key that lacks it has not failed; nil
	// stands for a spec that asks for anything.
	Permission string
	Needed     func(probe.Wants) bool
	// Read judges a good answer. It returns an error for what this vendor would not answer, since a login
	// page or a gateway may well say 200.
	Read func(*Page) error
}

// Page is one good answer, for Step.Read to judge.
type Page struct {
	Body   []byte
	Header http.Header
	Wants  probe.Wants
	// Outcome takes what was found.
	Outcome *probe.Outcome
	// Scopes are those of the key; Read sets them where its answer lists them.
	Scopes []string
	// Next is the path of the next page; Read sets it where it wants to go on. Again asks for the same path
	// once more, with another body.
	Next  string
	Again bool
	// Name is that of Each for which the request is sent, and Turn how many requests of the step came before.
	Name string
	Turn int
	// Headroom takes what the answer says of limits.
	Headroom []probe.Headroom
	// Deliveries takes what the answers say of deliveries: a later step finds what an earlier one left there.
	Deliveries *probe.Deliveries
	// Memory is what Read keeps for the answers that follow in the same probe.
	Memory any
	// Deadline takes by when the vendor wants the owner to act.
	Deadline time.Time
}

// path returns the path for the name of a page. A colon is escaped too, as AWS's own clients do: a signature is
// over the path as it is spelled.
func (s Step) path(page *Page) string {
	switch {
	case s.At != nil:
		return s.At(page)
	case s.Each == nil:
		return s.Path // It names nothing, and every probe of every target comes by here.
	}
	name := page.Name
	if s.Spelled != nil {
		name = s.Spelled(name)
	}
	escaped := strings.ReplaceAll(url.PathEscape(name), ":", "%3A")
	return strings.NewReplacer("{name}", escaped, "{path}", name).Replace(s.Path)
}

// reading classifies the answer to a step.
func (s Step) reading(answer probe.Answer, rules []probe.Rule) probe.Reading {
	if s.Silent && answer.Fault == (probe.Symptom{}) && answer.Status == http.StatusOK && len(answer.Body) == 0 {
		return probe.Reading{}
	}
	reading := probe.Classify(answer, rules)
	if reading.Symptom == probe.PathNotFound && s.Missing != (probe.Symptom{}) {
		reading.Symptom = s.Missing
	}
	return reading
}
