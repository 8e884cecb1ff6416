// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// Kin are the objects of one kind in one namespace.
type Kin struct {
	// Noun is what people call the kind.
	Noun string
	// None is the symptom of a namespace that has no object of the kind.
	None    probe.Symptom
	Members []Member
}

// Member is what a roll-up needs to know of an object.
type Member struct {
	Name, Provider string
	Labels         map[string]string
	Generation     int64
	// Conditions are those that are rolled up, without transition times.
	Conditions []metav1.Condition
}

// MemberOf returns an object as a member.
func MemberOf(o interface {
	Object
	GetLabels() map[string]string
	SharedStatus() *v1alpha1.DependencyStatus
}) Member {
	m := Member{Name: o.GetName(), Provider: o.Provider(), Labels: o.GetLabels(), Generation: o.GetGeneration()}
	for _, c := range o.SharedStatus().Conditions {
		if slices.Contains(rolledUp, c.Type) {
			c.LastTransitionTime = metav1.Time{}
			m.Conditions = append(m.Conditions, c)
		}
	}
	return m
}

// Rollup is what the requirements of an app amount to.
type Rollup struct {
	// Conditions are Configured, Healthy and Ready, without transition times.
	Conditions []metav1.Condition
	// Summary is one line for people; Degraded says that only optional entries are to blame for it.
	Summary  string
	Degraded bool
	// Members are all objects, those that are not healthy first, and the requirements that have none.
	Members []v1alpha1.Member
}

// rolledUp are the conditions of a DependencySet.
var rolledUp = []string{v1alpha1.ConditionConfigured, v1alpha1.ConditionHealthy, v1alpha1.ConditionReady}

// RollUp judges what an app requires by what its members say of themselves. Each condition is the worst of
// the required entries, False before Unknown before True; optional entries only change the summary. The
// objects of the set's namespace are given by kind.
func RollUp(set *v1alpha1.DependencySet, objects map[string]Kin) Rollup {
	var rolled Rollup
	entries := make([]entry, len(set.Spec.Requires))
	for i, r := range set.Spec.Requires {
		entries[i] = newEntry(set.Namespace, r, objects[string(r.Kind)])
		rolled.Members = append(rolled.Members, entries[i].members()...)
	}
	rolled.Members = worstFirst(rolled.Members)
	for _, kind := range rolledUp {
		c := metav1.Condition{
			Type: kind, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonPassed,
			Message: rolledUpMessages[kind], ObservedGeneration: set.Generation,
		}
		for _, e := range entries {
			found := e.verdict(kind)
			if e.Importance == v1alpha1.ImportanceOptional {
				continue
			}
			doubt := found.Status == metav1.ConditionTrue && found.Reason != v1alpha1.ReasonPassed && c.Reason == v1alpha1.ReasonPassed
			if badness[found.Status] > badness[c.Status] || doubt {
				c.Status, c.Reason, c.Message = found.Status, found.Reason, found.Message
			}
		}
		rolled.Conditions = append(rolled.Conditions, c)
	}
	rolled.Summary, rolled.Degraded = summarise(entries)
	return rolled
}

var rolledUpMessages = map[string]string{
	v1alpha1.ConditionConfigured: "All that the app requires is configured.",
	v1alpha1.ConditionHealthy:    "All that the app requires is healthy.",
	v1alpha1.ConditionReady:      "All that the app requires is ready.",
}

// badness orders statuses; what is certain comes before what is not known.
var badness = map[metav1.ConditionStatus]int{metav1.ConditionTrue: 0, metav1.ConditionUnknown: 1, metav1.ConditionFalse: 2}

// entry is one requirement with what each of its parts says: a part for each member, and one for members
// that are not there.
type entry struct {
	v1alpha1.Requirement
	kin   Kin
	parts []part
}

type part struct {
	Member
	// says holds a condition of each type.
	says map[string]metav1.Condition
}

func newEntry(namespace string, r v1alpha1.Requirement, kin Kin) entry {
	e := entry{Requirement: r, kin: kin}
	subject := Subject{Kind: string(r.Kind), Namespace: namespace}
	for _, m := range matching(r, kin.Members) {
		subject.Name, subject.Provider = m.Name, m.Provider
		e.parts = append(e.parts, part{Member: m, says: e.hears(m, subject)})
	}
	switch {
	case len(kin.Members) == 0:
		e.lacks(kin.None, fmt.Sprintf("%s Create an object of kind %s in namespace %s.", Of(kin.None).Seen, r.Kind, namespace))
	case len(e.parts) == 0:
		e.lacks(probe.MemberNotFound, message(failed(probe.MemberNotFound, wanted(r)...), subject))
	case int(r.MinHealthy) > len(e.parts):
		e.lacks(probe.TooFewMembers, message(failed(probe.TooFewMembers), subject))
	}
	return e
}

// matching returns the objects that a requirement means, by name. A selector that is none matches nothing.
func matching(r v1alpha1.Requirement, objects []Member) []Member {
	selector := labels.Everything()
	if r.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(r.Selector); err != nil {
			selector = labels.Nothing()
		}
	}
	var matching []Member
	for _, m := range objects {
		if (r.Name == "" || r.Name == m.Name) && selector.Matches(labels.Set(m.Labels)) {
			matching = append(matching, m)
		}
	}
	slices.SortFunc(matching, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	return matching
}

// wanted is what a requirement asks for by name or labels.
func wanted(r v1alpha1.Requirement) []string {
	switch {
	case r.Name != "":
		return []string{r.Name}
	case r.Selector != nil:
		return []string{metav1.FormatLabelSelector(r.Selector)}
	}
	return nil
}

// hears returns what a member says of itself, or that the app cannot use it. That no provider is configured
// goes before which one is. After an edit what was found last stands, but Ready, since it is a gate, waits for
// the verdict on the spec as it is now.
func (e *entry) hears(m Member, subject Subject) map[string]metav1.Condition {
	accepted := len(e.AcceptedProviders) == 0 || slices.Contains(e.AcceptedProviders, m.Provider)
	if !accepted && m.Provider != noProvider {
		lacks := probe.ProviderNotSupported
		if m.Provider == "SMTP" {
			lacks = probe.TransportStub // What an app cannot send over is a stub, whatever the server is.
		}
		return alike(lacks, message(failed(lacks, e.AcceptedProviders...), subject))
	}
	says := map[string]metav1.Condition{}
	for _, kind := range rolledUp {
		says[kind] = metav1.Condition{
			Type: kind, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProbing, Message: probingMessage,
		}
	}
	for _, c := range m.Conditions {
		if c.Type == v1alpha1.ConditionReady && c.ObservedGeneration != m.Generation {
			c.Status, c.Reason, c.Message = metav1.ConditionUnknown, v1alpha1.ReasonProbing, editedMessage
		}
		c.Message = fmt.Sprintf("%s %s: %s", subject.Kind, m.Name, c.Message)
		says[c.Type] = c
	}
	return says
}

const editedMessage = "Its spec was edited, and no probe of it has ended yet."

// noProvider is the provider of an object for which none is configured.
const noProvider = "None"

func failed(s probe.Symptom, names ...string) probe.Standing {
	return probe.Standing{Finding: probe.Fail(s, names...), Firm: true}
}

// lacks adds a part for members that are not there.
func (e *entry) lacks(s probe.Symptom, message string) {
	e.parts = append(e.parts, part{says: alike(s, message)})
}

// alike has every condition say the same.
func alike(s probe.Symptom, message string) map[string]metav1.Condition {
	says := map[string]metav1.Condition{}
	for _, kind := range rolledUp {
		says[kind] = metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: Of(s).Reason, Message: message}
	}
	return says
}

// verdict is what the entry says: its worst part, or the worst of the best minHealthy ones.
func (e *entry) verdict(kind string) metav1.Condition {
	grade := func(p part) int { return badness[p.says[kind].Status] }
	best := slices.SortedStableFunc(slices.Values(e.parts), func(a, b part) int { return cmp.Compare(grade(a), grade(b)) })
	counts := len(best)
	if e.MinHealthy > 0 {
		counts = min(counts, int(e.MinHealthy))
	}
	at := slices.IndexFunc(e.parts, func(p part) bool { return grade(p) == grade(best[counts-1]) })
	if grade(e.parts[at]) > 0 {
		return e.parts[at].says[kind]
	}
	// Of those that are good, what is less than proven is worth telling.
	for _, p := range best[:counts] {
		if p.says[kind].Reason != v1alpha1.ReasonPassed {
			return p.says[kind]
		}
	}
	return e.parts[at].says[kind]
}

func (e *entry) members() []v1alpha1.Member {
	members := make([]v1alpha1.Member, len(e.parts))
	for i, p := range e.parts {
		healthy := p.says[v1alpha1.ConditionHealthy]
		members[i] = v1alpha1.Member{
			Kind: e.Kind, Name: p.Name, Importance: cmp.Or(e.Importance, v1alpha1.ImportanceRequired), Provider: p.Provider,
			Ready: p.says[v1alpha1.ConditionReady].Status, Healthy: healthy.Status, Reason: healthy.Reason,
		}
	}
	return members
}

// worstFirst orders members by how they fare, and then by what they are to the app. One that several
// entries name is listed once, as it fares worst.
func worstFirst(members []v1alpha1.Member) []v1alpha1.Member {
	optional := map[v1alpha1.Importance]int{v1alpha1.ImportanceOptional: 1}
	slices.SortStableFunc(members, func(a, b v1alpha1.Member) int {
		return cmp.Or(
			cmp.Compare(badness[b.Healthy], badness[a.Healthy]), cmp.Compare(optional[a.Importance], optional[b.Importance]),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name),
		)
	})
	listed := map[[2]string]bool{}
	return slices.DeleteFunc(members, func(m v1alpha1.Member) bool {
		id := [2]string{string(m.Kind), m.Name}
		again := m.Name != "" && listed[id]
		listed[id] = true
		return again
	})
}

// summarise says in one line how an app fares: the worst entry that is not healthy, required ones first.
func summarise(entries []entry) (summary string, degraded bool) {
	for _, importance := range []v1alpha1.Importance{v1alpha1.ImportanceRequired, v1alpha1.ImportanceOptional} {
		worst, bad, phrase := metav1.ConditionTrue, 0, ""
		for _, e := range entries {
			found := e.verdict(v1alpha1.ConditionHealthy)
			if cmp.Or(e.Importance, v1alpha1.ImportanceRequired) != importance || badness[found.Status] == 0 {
				continue
			}
			bad++
			if badness[found.Status] > badness[worst] {
				worst, phrase = found.Status, e.phrase(found.Reason)
			}
		}
		if bad > 1 {
			phrase += fmt.Sprintf(" (and %d more)", bad-1)
		}
		if bad > 0 {
			return level(importance, worst) + ": " + phrase, importance == v1alpha1.ImportanceOptional
		}
	}
	return "All systems operational", false
}

// level says in a word what the worst entry of an importance means to an app. One that nobody knows of is no
// reason to call the app down.
func level(importance v1alpha1.Importance, worst metav1.ConditionStatus) string {
	switch {
	case importance == v1alpha1.ImportanceOptional:
		return "Degraded"
	case worst == metav1.ConditionUnknown:
		return "Unknown"
	}
	return "Down"
}

// phrase puts a reason into words that go on in a sentence.
func (e *entry) phrase(reason string) string {
	if reason == Of(e.kin.None).Reason {
		return words(reason) + " configured"
	}
	return e.kin.Noun + " " + words(reason)
}

// words splits a reason: InvalidAPIKey becomes invalid API key.
func words(reason string) string {
	letters := []rune(reason)
	var split []string
	begin := 0
	for i := 1; i <= len(letters); i++ {
		end := i == len(letters) || unicode.IsUpper(letters[i]) &&
			(unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if !end {
			continue
		}
		word := string(letters[begin:i])
		if len(word) == 1 || word != strings.ToUpper(word) {
			word = strings.ToLower(word)
		}
		split, begin = append(split, word), i
	}
	return strings.Join(split, " ")
}
