// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
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
	if q.object != (named{}) && q.object.kind != setKind && !slices.ContainsFunc(s.dependencies, q.concerns) {
		return fmt.Errorf("there is no %s in %s: 'kubectl mainstay status%s' lists what is there", q.object, c.where(), c.inNamespace())
	}
	a.Causes = c.absent(q, s)
	var meant, besides []cause
	for _, d := range s.dependencies {
		if !q.concerns(d) {
			continue
		}
		a.Signals = append(a.Signals, s.sign(d, c.now()))
		healthy := d.condition(v1alpha1.ConditionHealthy)
		if healthy.Status == metav1.ConditionTrue || healthy.Reason == v1alpha1.ReasonProbing {
			continue
		}
		found := c.causeOf(d, healthy)
		if means := q.means(); len(means) == 0 || slices.Contains(means, healthy.Reason) {
			meant = append(meant, found)
		} else {
			besides = append(besides, found)
		}
	}
	for _, set := range s.sets {
		if found, its := c.causeOfSet(set, q); its {
			meant = append(meant, found)
		}
	}
	a.Causes = append(a.Causes, meant...)
	if len(a.Causes) > 0 {
		a.Besides = len(besides)
	} else {
		a.Causes = besides
		a.Unlike = len(besides) > 0 && len(q.means()) > 0
	}
	if len(a.Causes) == 0 && len(a.Signals) > 0 {
		a.Well, a.Reproduce = c.well(q, s), reproductionOf(q, s)
	}
	return nil
}

// concerns says whether a question is about a dependency.
func (q question) concerns(d dependency) bool {
	if q.object.name != "" {
		return q.object == named{d.kind.Name, d.GetName()}
	}
	return slices.Contains(q.kinds(), d.kind.Name)
}

// absent are the kinds that a question is about and that nobody declared: the first cause of all. Where a
// question does not say which kind, that is a cause only if there is nothing at all.
func (c *cluster) absent(q question, s survey) []cause {
	specific := len(q.kinds()) < len(target.Kinds) || q.object.kind != ""
	var causes []cause
	for _, kind := range q.kinds() {
		declared := slices.ContainsFunc(s.dependencies, func(d dependency) bool { return d.kind.Name == kind })
		k, known := target.FindKind(kind)
		switch {
		case kind == setKind || declared || !specific && len(s.dependencies) > 0:
		case !known:
			causes = append(causes, cause{
				Reason: "UnknownKind", Seen: fmt.Sprintf("This version of Mainstay has no kind %s, so it cannot look into this.", kind),
				Advice: "Look at the provider's own list of deliveries or events.",
			})
		default:
			d := diagnosis.Of(k.None)
			causes = append(causes, cause{
				Namespace: c.namespace, Reason: d.Reason,
				Seen: fmt.Sprintf("%s There is no %s in %s.", d.Seen, kind, c.where()),
				Advice: fmt.Sprintf("Declare what the app uses, one of %s, and put its API key into the Secret.",
					strings.Join(vendorsOf(kind), ", ")),
				Fix:    []string{exampleOf(kind, c.namespace)},
				Verify: []string{"kubectl mainstay status" + c.inNamespace()},
			})
		}
	}
	return causes
}

func (c *cluster) where() string {
	if c.namespace == "" {
		return "any namespace"
	}
	return "namespace " + c.namespace
}

// causeOf explains a dependency that is not healthy.
func (c *cluster) causeOf(d dependency, healthy metav1.Condition) cause {
	n := named{d.kind.Name, d.GetName()}
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
	if known := diagnosis.ForReason(healthy.Reason); len(known) > 0 && known[0].Blame != diagnosis.Owner {
		found.WhoMends = whoMends[string(known[0].Blame)]
	}
	if d.condition(v1alpha1.ConditionConfigured).Status == metav1.ConditionFalse {
		found.Reproduce = nil // There is nothing to send yet.
	}
	return found
}

// ofSets are the reasons that a set gives of itself rather than of a member.
var ofSets = []string{v1alpha1.ReasonMemberNotFound, v1alpha1.ReasonTooFewMembers, v1alpha1.ReasonProviderNotSupported}

// causeOfSet explains a set that lacks what no dependency tells of: members, or such as the app can use.
func (c *cluster) causeOfSet(set v1alpha1.DependencySet, q question) (cause, bool) {
	n := named{setKind, set.Name}
	healthy := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionHealthy)
	if healthy == nil || !slices.Contains(ofSets, healthy.Reason) && q.object != n || healthy.Status == metav1.ConditionTrue {
		return cause{}, false
	}
	its := slices.ContainsFunc(set.Status.Members, func(m v1alpha1.Member) bool {
		return m.Healthy != metav1.ConditionTrue && slices.Contains(q.kinds(), string(m.Kind))
	})
	if means := q.means(); q.object != n && (q.object.name != "" || !its || len(means) > 0 && !slices.Contains(means, healthy.Reason)) {
		return cause{}, false
	}
	found := cause{
		Object: n.String(), Namespace: set.Namespace, Reason: healthy.Reason, Seen: healthy.Message,
		Verify: []string{fmt.Sprintf("kubectl mainstay status -n %s", set.Namespace)},
	}
	if slices.Contains(ofSets, healthy.Reason) {
		found.Fix = []string{c.fill(edit, n, set.Namespace, nil)}
	} else {
		found.Fix = []string{"kubectl mainstay why -n " + set.Namespace}
	}
	return found, true
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
	live, all := 0, 0
	for _, d := range s.dependencies {
		if q.concerns(d) {
			all++
			if d.live() && s.notCheckedSince(d, c.now()).IsZero() {
				live++
			}
		}
	}
	text := fmt.Sprintf("Nothing is wrong with them as far as read-only requests show: %d of %d proven live.", live, all)
	if q.text != "" {
		text += " Compare what the app sends with what Mainstay does: another key, model, sender or host is the usual difference."
	}
	return text
}

// reproductionOf is a request to compare the app's own with.
func reproductionOf(q question, s survey) []string {
	for _, d := range s.dependencies {
		if q.text != "" && q.concerns(d) {
			return reproduction(d)
		}
	}
	return nil
}
