// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/symptom"
)

// question is what somebody typed, as far as it was understood.
type question struct {
	text     string
	symptoms []symptom.Symptom
	// reasons, objects and kind are those that were typed by their names.
	reasons []string
	objects []named
	kind    string
	// members are what the sets among the objects are made of.
	members map[member]bool
}

// member is a named object with its namespace.
type member struct {
	namespace string
	named
}

// ask finds out what a text means: objects, reasons, else symptoms.
func ask(text string) question {
	q := question{text: text}
	words := strings.Fields(text)
	for _, word := range words {
		if object, err := parseObject(word); err == nil {
			q.objects = append(q.objects, object)
		}
	}
	if len(q.objects) > 0 {
		return q
	}
	for _, e := range explanations() {
		said := slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(bare(w), e.Reason) })
		if said && !slices.Contains(q.reasons, e.Reason) {
			q.reasons = append(q.reasons, e.Reason)
		}
	}
	if len(q.reasons) == 0 {
		q.symptoms = symptom.Match(text)
	}
	if kind, is := kindOf(text); is && kind.kind != setKind && len(q.symptoms) == 0 {
		q.kind = kind.kind
	}
	return q
}

// bare is a word without what people put around it.
func bare(word string) string { return strings.Trim(word, ".,:;()\"'?!") }

// among finds what was asked about in what is there. Who types a name, alone or after its kind, or no other
// word that is understood, means what has that name; and who names a set means its members too.
func (q question) among(s survey) question {
	words := strings.Fields(q.text)
	kind, ofKind := names{}, false
	if len(words) == 2 {
		kind, ofKind = kindOf(words[0])
	}
	if len(q.objects)+len(q.reasons) == 0 && (len(words) == 1 || ofKind || len(q.symptoms) == 0) {
		for _, n := range s.names() {
			said := slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(bare(w), n.name) })
			if said && (!ofKind || n.kind == kind.kind) && !slices.Contains(q.objects, n) {
				q.objects = append(q.objects, n)
			}
		}
	}
	if len(q.objects) > 0 {
		q.symptoms, q.kind = nil, ""
	}
	q.members = map[member]bool{}
	for _, set := range s.sets {
		if !q.names(named{setKind, set.Name}) {
			continue
		}
		for _, m := range set.Status.Members {
			q.members[member{set.Namespace, named{string(m.Kind), m.Name}}] = true
		}
	}
	return q
}

func (q question) names(n named) bool { return slices.Contains(q.objects, n) }

// concerns says whether a question is about a dependency.
func (q question) concerns(d dependency) bool {
	if len(q.objects) > 0 {
		return q.names(d.named()) || q.members[member{d.GetNamespace(), d.named()}]
	}
	return slices.Contains(q.kinds(), d.kind.Name)
}

// understood says whether the text led anywhere; no text asks for everything.
func (q question) understood() bool {
	return q.text == "" || q.kind != "" || len(q.objects)+len(q.reasons)+len(q.symptoms) > 0
}

// kinds are those that the question is about where it names no objects: all, unless it says which.
func (q question) kinds() []string {
	if q.kind != "" {
		return []string{q.kind}
	}
	var kinds []string
	for _, s := range q.symptoms {
		kinds = append(kinds, s.Kinds...)
	}
	if len(kinds) == 0 {
		return probedKinds()
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// means are the reasons that the question is about; none stands for all.
func (q question) means() []string {
	means := slices.Clone(q.reasons)
	for _, s := range q.symptoms {
		means = append(means, s.Reasons...)
	}
	return means
}

func (q question) permission() bool {
	return slices.ContainsFunc(q.symptoms, func(s symptom.Symptom) bool { return s.Permission })
}

// nearest are what somebody may have meant who was not understood.
func (q question) nearest() []string {
	var near []string
	for _, word := range strings.Fields(q.text) {
		if len(word) > 4 {
			near = append(near, manifest.Nearest(word, reasonNames(explanations()))...)
		}
	}
	if len(near) > 0 {
		return near[:min(len(near), 3)]
	}
	return symptom.Nearest(q.text)
}

// meanings say what the question means, before anyone looks.
func (q question) meanings() []meaning {
	var meanings []meaning
	for _, s := range q.symptoms {
		meanings = append(meanings, meaning{s.Name, s.Means})
	}
	for _, e := range explanations() {
		if slices.Contains(q.reasons, e.Reason) {
			meanings = append(meanings, meaning{e.Reason, e.Seen})
		}
	}
	return meanings
}
