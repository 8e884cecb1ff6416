// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

// cause is one reason why something does not work, and the way out.
type cause struct {
	// Object is empty where there is none, which is the cause.
	Object    string `json:"object,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Reason    string `json:"reason"`
	Seen      string `json:"seen"`
	// WhoMends is set where it is not the reader.
	WhoMends  string   `json:"whoMends,omitempty"`
	Advice    string   `json:"advice,omitempty"`
	Fix       []string `json:"fix,omitempty"`
	Links     []string `json:"links,omitempty"`
	Verify    []string `json:"verify,omitempty"`
	Reproduce []string `json:"reproduce,omitempty"`
}

// judge finds the signals and the causes that a question is about. What the question names comes first;
// what is wrong besides is told too, since people see one symptom of several.
func (c *cluster) judge(a *answer, q question, s survey) error {
	if !q.understood() {
		a.Nearest = q.nearest()
	}
	for _, n := range q.objects {
		if !slices.Contains(s.names(), n) {
			return c.unknownObject(n, s)
		}
	}
	a.Symptoms, a.Causes = q.meanings(), c.lacking(q, s)
	a.Signals, a.SilentLeases = s.setSigns(q), s.operators.silent
	var meant, besides []cause
	others := 0
	for _, d := range slices.SortedStableFunc(slices.Values(s.dependencies), gravest) {
		healthy := d.condition(v1alpha1.ConditionHealthy)
		fine := healthy.Status == metav1.ConditionTrue || healthy.Reason == v1alpha1.ReasonProbing
		if !q.concerns(d) {
			if !fine && len(q.objects) > 0 {
				others++
			}
			continue
		}
		a.Signals = append(a.Signals, s.sign(d, c.now()))
		if fine {
			continue
		}
		found := c.causeOf(d, healthy)
		if means := q.means(); len(means) == 0 || slices.Contains(means, healthy.Reason) {
			meant = append(meant, found)
		} else {
			besides = append(besides, found)
		}
	}
	a.Causes = slices.Concat(a.Causes, meant, c.causesOfSets(q, s))
	if len(a.Causes) > 0 {
		a.Besides = len(besides) + others
	} else {
		a.Causes, a.Besides = besides, others
		a.Unlike = len(besides) > 0 && len(q.means()) > 0
	}
	if len(a.Causes) == 0 && len(a.Signals) > 0 {
		a.Well, a.Reproduce = c.well(q, s), reproductionOf(q, s)
	}
	return nil
}

// gravest orders dependencies by what is certainly wrong, what is not known, and what somebody has suspended.
func gravest(a, b dependency) int { return cmp.Compare(a.gravity(), b.gravity()) }

func (d dependency) gravity() int {
	healthy := d.condition(v1alpha1.ConditionHealthy)
	switch {
	case healthy.Reason == v1alpha1.ReasonSuspended:
		return 2
	case healthy.Status == metav1.ConditionUnknown:
		return 1
	case healthy.Status == metav1.ConditionTrue:
		return 3
	}
	return 0
}

// unknownObject says that an object is not there, and which may be meant.
func (c *cluster) unknownObject(n named, s survey) error {
	var names []string
	for _, other := range s.names() {
		if other.kind == n.kind {
			names = append(names, other.String())
		}
	}
	if near := manifest.Nearest(n.String(), names); len(near) > 0 {
		return fmt.Errorf("there is no %s in %s: did you mean %s?", n, c.where(), strings.Join(near[:min(len(near), 3)], ", "))
	}
	return fmt.Errorf("there is no %s in %s: 'kubectl mainstay status%s' lists what is there", n, c.where(), c.inNamespace())
}

// lacking are the kinds that nobody declared: the first cause of all. Where a question does not say which kind
// it is about, that is a cause only where a set requires it, or where there is nothing at all.
func (c *cluster) lacking(q question, s survey) []cause {
	var causes []cause
	told := map[string]bool{}
	for _, m := range s.required(q) {
		causes, told[m.kind] = append(causes, absence(m.kind, m.namespace)), true
	}
	switch {
	case len(q.objects) > 0:
	case len(q.kinds()) < len(target.Kinds):
		for _, kind := range q.kinds() {
			declared := slices.ContainsFunc(s.dependencies, func(d dependency) bool { return d.kind.Name == kind })
			if !declared && !told[kind] {
				causes = append(causes, absence(kind, c.namespace))
			}
		}
	case s.empty():
		causes = append(causes, c.nothing())
	}
	return causes
}

// required are the kinds that sets require and that their namespaces have no object of.
func (s survey) required(q question) []member {
	var lacking []member
	for _, set := range s.sets {
		for _, m := range set.Status.Members {
			kind, _ := target.FindKind(string(m.Kind))
			means, id := q.means(), member{set.Namespace, named{kind: kind.Name}}
			asked := q.names(named{setKind, set.Name}) || len(q.objects) == 0 && slices.Contains(q.kinds(), kind.Name) &&
				(len(means) == 0 || slices.Contains(means, m.Reason))
			if m.Name == "" && m.Reason == diagnosis.Of(kind.None).Reason && asked && !slices.Contains(lacking, id) {
				lacking = append(lacking, id)
			}
		}
	}
	return lacking
}

// nothing is the cause that nobody declared anything.
func (c *cluster) nothing() cause {
	found := cause{
		Namespace: c.namespace, Reason: "NothingDeclared", Seen: fmt.Sprintf("Nothing is declared in %s, so nothing is probed.", c.where()),
		Advice: "Declare what the app uses. What to write for each kind is told by:",
		Verify: []string{"kubectl mainstay status" + c.inNamespace()},
	}
	for _, kind := range probedKinds() {
		found.Fix = append(found.Fix, "kubectl mainstay why "+kind+c.inNamespace())
	}
	return found
}

// absence is the cause that a namespace has no object of a kind.
func absence(kind, namespace string) cause {
	k, _ := target.FindKind(kind)
	d := diagnosis.Of(k.None)
	return cause{
		Namespace: namespace, Reason: d.Reason,
		Seen: fmt.Sprintf("%s There is no %s in %s.", d.Seen, kind, whereIs(namespace)),
		Advice: fmt.Sprintf("Declare what the app uses, one of %s, and put its API key into the Secret.",
			strings.Join(vendorsOf(kind), ", ")),
		Fix:    []string{exampleOf(kind, namespace)},
		Verify: []string{"kubectl mainstay status" + inNamespace(namespace)},
	}
}

func (c *cluster) where() string { return whereIs(c.namespace) }

func whereIs(namespace string) string {
	if namespace == "" {
		return "any namespace"
	}
	return "namespace " + namespace
}

// causeOf explains a dependency that is not healthy.
func (c *cluster) causeOf(d dependency, healthy metav1.Condition) cause {
	n := d.named()
	subject := diagnosis.SubjectOf(d.kind.Name, d.Dependency, target.Options{}.Terms(d.kind, d.Dependency))
	found := cause{
		Object: n.String(), Namespace: d.GetNamespace(), Reason: healthy.Reason,
		Links:     links(d.kind.Name, d.Provider(), healthy.Reason),
		Verify:    []string{fmt.Sprintf("kubectl mainstay probe %s -n %s", n, d.GetNamespace())},
		Reproduce: reproduction(d),
	}
	var command string
	found.Seen, found.Advice, command = split(healthy.Message, healthy.Reason, subject)
	if command = cmp.Or(command, remedies[healthy.Reason]); command != "" {
		found.Fix = []string{c.fill(command, n, d.GetNamespace(), &d)}
	}
	if command == putKey || command == createSecret {
		found.Advice = strings.TrimSpace(found.Advice + " " + c.fill(typing, n, d.GetNamespace(), &d))
	}
	if known := diagnosis.ForReason(healthy.Reason); len(known) > 0 && known[0].Blame != diagnosis.Owner {
		found.WhoMends = whoMends[string(known[0].Blame)]
	}
	return found
}

// ofSets are what a set says of itself rather than of a member.
var ofSets = []probe.Symptom{probe.MemberNotFound, probe.TooFewMembers, probe.TransportStub, probe.ProviderNotSupported}

// causesOfSets explain the sets that lack what no dependency tells of: members, or such as the app can use.
func (c *cluster) causesOfSets(q question, s survey) []cause {
	var causes []cause
	for _, set := range s.sets {
		n := named{setKind, set.Name}
		told := map[string]bool{}
		for _, m := range set.Status.Members {
			d, its := s.ofSet(set.Namespace, m)
			means := q.means()
			asked := q.names(n) || len(q.objects) == 0 && slices.Contains(q.kinds(), string(m.Kind)) &&
				(len(means) == 0 || slices.Contains(means, m.Reason))
			if !its || !asked || told[m.Reason] {
				continue
			}
			told[m.Reason] = true
			causes = append(causes, c.causeOfSet(set, m, d))
		}
	}
	return causes
}

// ofSet says whether it is the set alone that speaks against a member, and with which diagnosis.
func (s survey) ofSet(namespace string, m v1alpha1.Member) (diagnosis.Diagnosis, bool) {
	at := slices.IndexFunc(ofSets, func(o probe.Symptom) bool { return diagnosis.Of(o).Reason == m.Reason })
	if at < 0 || m.Healthy == metav1.ConditionTrue {
		return diagnosis.Diagnosis{}, false
	}
	itself := slices.ContainsFunc(s.dependencies, func(d dependency) bool {
		return d.GetNamespace() == namespace && d.named() == named{string(m.Kind), m.Name} &&
			d.condition(v1alpha1.ConditionHealthy).Reason == m.Reason
	})
	return diagnosis.Of(ofSets[at]), !itself
}

func (c *cluster) causeOfSet(set v1alpha1.DependencySet, m v1alpha1.Member, d diagnosis.Diagnosis) cause {
	n := named{setKind, set.Name}
	subject := diagnosis.Subject{Kind: string(m.Kind), Name: m.Name, Namespace: set.Namespace, Terms: probe.Terms{Provider: m.Provider}}
	found := cause{
		Object: n.String(), Namespace: set.Namespace, Reason: d.Reason, Seen: subject.Say(d.Seen, nil), Advice: subject.Say(d.Advice, nil),
		Fix:    []string{c.fill(edit, n, set.Namespace, nil)},
		Verify: []string{"kubectl mainstay status -n " + set.Namespace},
	}
	if healthy := setCondition(&set, v1alpha1.ConditionHealthy); healthy.Reason == d.Reason {
		found.Seen, found.Advice, _ = split(healthy.Message, d.Reason, subject) // It has all the names.
	}
	return found
}

// deniedCause is that of a caller who may not see what was asked about.
func (c *cluster) deniedCause(who caller, d denied) cause {
	first, _, _ := strings.Cut(d.text, "\n")
	return cause{
		Namespace: c.namespace, Reason: "Forbidden", Seen: first + ".",
		WhoMends: "who administers " + strings.Replace(c.where(), "any namespace", "the cluster", 1),
		Advice:   "The role view is enough to see dependencies, edit to change them.",
		Fix:      []string{who.grant()},
		Verify:   []string{"kubectl auth can-i list " + pluralOf(target.Kinds[0].Name) + "." + v1alpha1.GroupVersion.Group + c.inNamespace()},
	}
}

// well says that nothing was found, and how far that goes.
func (c *cluster) well(q question, s survey) string {
	live, all, waiting := 0, 0, 0
	for _, set := range s.sets {
		if q.names(named{setKind, set.Name}) && len(set.Status.Conditions) == 0 {
			all, waiting = all+1, waiting+1
		}
	}
	for _, d := range s.dependencies {
		if !q.concerns(d) {
			continue
		}
		all++
		switch {
		case d.condition(v1alpha1.ConditionHealthy).Reason == v1alpha1.ReasonProbing:
			waiting++
		case s.fresh(d, c.now()):
			live++
		}
	}
	text := fmt.Sprintf("Nothing is wrong with them as far as read-only requests show: %d of %d proven live.", live, all)
	switch {
	case waiting > 0:
		return fmt.Sprintf("Nothing is known to be wrong, but %d of %d were not judged yet. Where it stays so, see whether the operator runs: kubectl get pods -n %s",
			waiting, all, c.operatorNamespace)
	case q.text != "":
		text += " Compare what the app sends with what Mainstay does: another key, model, sender or host is the usual difference."
	}
	return text
}

// reproductionOf is a request to compare the app's own with.
func reproductionOf(q question, s survey) []string {
	for _, d := range s.dependencies {
		if commands := reproduction(d); q.text != "" && q.concerns(d) && len(commands) > 0 {
			return commands
		}
	}
	return nil
}
