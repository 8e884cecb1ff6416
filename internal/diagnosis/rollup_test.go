// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// member is an object whose Healthy and Ready are given as "True", "False Reason" and the like.
func member(name, healthy, ready string) diagnosis.Member {
	m := diagnosis.Member{Name: name, Provider: "OpenAI", Labels: map[string]string{"app": name}}
	for kind, says := range map[string]string{"Healthy": healthy, "Ready": ready, "Configured": "True"} {
		status, reason, _ := strings.Cut(says, " ")
		if reason == "" {
			reason = v1alpha1.ReasonPassed
		}
		if says != "" {
			m.Conditions = append(m.Conditions, metav1.Condition{
				Type: kind, Status: metav1.ConditionStatus(status), Reason: reason, Message: "It says " + reason + ".",
			})
		}
	}
	return m
}

func by(provider string, m diagnosis.Member) diagnosis.Member {
	m.Provider = provider
	return m
}

// edited is an object whose spec is another than the one that was judged.
func edited(m diagnosis.Member) diagnosis.Member {
	m.Generation++
	return m
}

var (
	fine    = func(name string) diagnosis.Member { return member(name, "True", "True") }
	limited = func(name string) diagnosis.Member { return member(name, "False RateLimited", "True") }
	wrong   = func(name string) diagnosis.Member { return member(name, "False InvalidAPIKey", "False InvalidAPIKey") }
)

// TestRollUp holds what an app is told of what it requires.
func TestRollUp(t *testing.T) {
	ai := v1alpha1.Requirement{Kind: "AIProvider"}
	email := v1alpha1.Requirement{Kind: "EmailProvider"}
	optional := func(r v1alpha1.Requirement) v1alpha1.Requirement {
		r.Importance = v1alpha1.ImportanceOptional
		return r
	}
	least := func(n int32, r v1alpha1.Requirement) v1alpha1.Requirement {
		r.MinHealthy = n
		return r
	}
	named := func(name string, r v1alpha1.Requirement) v1alpha1.Requirement {
		r.Name = name
		return r
	}
	labelled := func(app string, r v1alpha1.Requirement) v1alpha1.Requirement {
		r.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
		return r
	}
	accepts := func(provider string, r v1alpha1.Requirement) v1alpha1.Requirement {
		r.AcceptedProviders = []string{provider}
		return r
	}
	type members = []diagnosis.Member
	for name, c := range map[string]struct {
		requires         []v1alpha1.Requirement
		ais, emails      members
		configured       string
		healthy, ready   string
		summary          string
		firstMemberFares string
	}{
		"all is well": {
			requires: []v1alpha1.Requirement{ai, email}, ais: members{fine("a")}, emails: members{fine("b")},
			healthy: "True Passed", ready: "True Passed", summary: "All systems operational",
		},
		"nobody configured email": {
			requires: []v1alpha1.Requirement{ai, email}, ais: members{fine("a")},
			configured: "False NoEmailProvider", healthy: "False NoEmailProvider", ready: "False NoEmailProvider",
			summary: "Down: no email provider configured", firstMemberFares: "EmailProvider / False NoEmailProvider",
		},
		"nobody configured anything": {
			requires:   []v1alpha1.Requirement{ai, email},
			configured: "False NoAIProvider", healthy: "False NoAIProvider", ready: "False NoAIProvider",
			summary: "Down: no AI provider configured (and 1 more)",
		},
		"the first of two faults is told, and the certain one before the uncertain": {
			requires: []v1alpha1.Requirement{ai, email},
			ais:      members{member("a", "Unknown TimedOut", "True Unproven")}, emails: members{wrong("b")},
			healthy: "False InvalidAPIKey", ready: "False InvalidAPIKey", summary: "Down: email invalid API key (and 1 more)",
			firstMemberFares: "EmailProvider/b False InvalidAPIKey",
		},
		"a fault of the vendor gates no rollout": {
			requires: []v1alpha1.Requirement{ai}, ais: members{limited("a")},
			healthy: "False RateLimited", ready: "True Passed", summary: "Down: AI rate limited",
		},
		"what is optional only changes the summary": {
			requires: []v1alpha1.Requirement{optional(ai), email}, ais: members{limited("a")}, emails: members{fine("b")},
			healthy: "True Passed", ready: "True Passed", summary: "Degraded: AI rate limited",
		},
		"what is optional may be missing": {
			requires: []v1alpha1.Requirement{optional(email)},
			healthy:  "True Passed", ready: "True Passed", summary: "Degraded: no email provider configured",
		},
		"what is required goes before what is optional": {
			requires: []v1alpha1.Requirement{optional(ai), email}, ais: members{wrong("a")}, emails: members{limited("b")},
			healthy: "False RateLimited", ready: "True Passed", summary: "Down: email rate limited",
		},
		"a suspended member is Unknown and Ready": {
			requires: []v1alpha1.Requirement{ai}, ais: members{member("a", "Unknown Suspended", "True Suspended")},
			healthy: "Unknown Suspended", ready: "True Suspended", summary: "Unknown: AI suspended",
		},
		"a member that nobody visited yet is Unknown": {
			requires: []v1alpha1.Requirement{ai}, ais: members{member("a", "", "")},
			healthy: "Unknown Probing", ready: "Unknown Probing", summary: "Unknown: AI probing",
		},
		"Ready is no more than what its members prove": {
			requires: []v1alpha1.Requirement{ai, email}, ais: members{fine("a")},
			emails:  members{member("b", "Unknown TimedOut", "True Unproven")},
			healthy: "Unknown TimedOut", ready: "True Unproven", summary: "Unknown: email timed out",
		},
		"of several members the worst counts": {
			requires: []v1alpha1.Requirement{ai}, ais: members{fine("a"), wrong("c"), fine("b")},
			healthy: "False InvalidAPIKey", ready: "False InvalidAPIKey", summary: "Down: AI invalid API key",
			firstMemberFares: "AIProvider/c False InvalidAPIKey",
		},
		"where fewer have to be healthy the best count": {
			requires: []v1alpha1.Requirement{least(2, ai)}, ais: members{fine("a"), wrong("b"), fine("c")},
			healthy: "True Passed", ready: "True Passed", summary: "All systems operational",
		},
		"and no more than those that are needed": {
			requires: []v1alpha1.Requirement{least(2, ai)}, ais: members{fine("a"), wrong("b"), limited("c")},
			healthy: "False InvalidAPIKey", ready: "True Passed", summary: "Down: AI invalid API key",
		},
		"fewer members than have to be healthy": {
			requires: []v1alpha1.Requirement{least(2, ai)}, ais: members{fine("a")},
			configured: "False TooFewMembers", healthy: "False TooFewMembers", ready: "False TooFewMembers",
			summary: "Down: AI too few members",
		},
		"one is named, and the others do not matter": {
			requires: []v1alpha1.Requirement{named("a", ai)}, ais: members{fine("a"), wrong("b")},
			healthy: "True Passed", ready: "True Passed", summary: "All systems operational",
		},
		"no object has the name": {
			requires: []v1alpha1.Requirement{named("x", ai)}, ais: members{fine("a")},
			configured: "False MemberNotFound", healthy: "False MemberNotFound", ready: "False MemberNotFound",
			summary: "Down: AI member not found", firstMemberFares: "AIProvider / False MemberNotFound",
		},
		"some are selected by their labels": {
			requires: []v1alpha1.Requirement{labelled("a", ai)}, ais: members{fine("a"), wrong("b")},
			healthy: "True Passed", ready: "True Passed", summary: "All systems operational",
		},
		"no object has the labels": {
			requires: []v1alpha1.Requirement{labelled("x", ai)}, ais: members{fine("a")},
			configured: "False MemberNotFound", healthy: "False MemberNotFound", ready: "False MemberNotFound",
			summary: "Down: AI member not found",
		},
		"the app cannot use the provider": {
			requires: []v1alpha1.Requirement{accepts("Resend", email)}, emails: members{by("Postmark", fine("b"))},
			configured: "False ProviderNotSupported", healthy: "False ProviderNotSupported", ready: "False ProviderNotSupported",
			summary: "Down: email provider not supported",
		},
		"the app's SMTP transport is a stub": {
			requires: []v1alpha1.Requirement{accepts("Resend", email)}, emails: members{by("SMTP", fine("b"))},
			configured: "False SMTPStub", healthy: "False SMTPStub", ready: "False SMTPStub",
			summary: "Down: email SMTP stub",
		},
		"the app can use the provider": {
			requires: []v1alpha1.Requirement{accepts("Resend", email)}, emails: members{by("Resend", fine("b"))},
			healthy: "True Passed", ready: "True Passed", summary: "All systems operational",
		},
		"that no provider is chosen goes before which one is accepted": {
			requires: []v1alpha1.Requirement{accepts("Resend", email)},
			emails:   members{by("None", member("b", "False NoEmailProvider", "False NoEmailProvider"))},
			healthy:  "False NoEmailProvider", ready: "False NoEmailProvider", summary: "Down: no email provider configured",
		},
		"an object that was edited is not ready until it is judged again": {
			requires: []v1alpha1.Requirement{ai, email}, ais: members{edited(fine("a"))}, emails: members{fine("b")},
			healthy: "True Passed", ready: "Unknown Probing", summary: "All systems operational",
		},
		"an object that was edited may be mended": {
			requires: []v1alpha1.Requirement{ai}, ais: members{edited(wrong("a"))},
			healthy: "False InvalidAPIKey", ready: "Unknown Probing", summary: "Down: AI invalid API key",
		},
		"another may stand in for one that was edited": {
			requires: []v1alpha1.Requirement{least(1, ai)}, ais: members{edited(fine("a")), fine("b")},
			healthy: "True Passed", ready: "True Passed", summary: "All systems operational",
		},
		"one object that two entries mean is listed once": {
			requires: []v1alpha1.Requirement{optional(ai), named("a", ai)}, ais: members{fine("a")},
			healthy: "True Passed", ready: "True Passed", summary: "All systems operational",
			firstMemberFares: "AIProvider/a True Passed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			set := &v1alpha1.DependencySet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "app", Generation: 3}}
			set.Spec.Requires = c.requires
			rolled := diagnosis.RollUp(set, map[string]diagnosis.Kin{
				"AIProvider":    {Noun: "AI", None: probe.NoAIProvider, Members: c.ais},
				"EmailProvider": {Noun: "email", None: probe.NoEmailProvider, Members: c.emails},
			})
			if c.configured == "" {
				c.configured = "True Passed"
			}
			want := []string{"Configured " + c.configured, "Healthy " + c.healthy, "Ready " + c.ready, c.summary}
			var found []string
			for _, condition := range rolled.Conditions {
				found = append(found, fmt.Sprintf("%s %s %s", condition.Type, condition.Status, condition.Reason))
				if condition.ObservedGeneration != 3 || condition.Message == "" {
					t.Errorf("expected a message for generation 3, found %+v", condition)
				}
			}
			if diff := cmp.Diff(want, append(found, rolled.Summary)); diff != "" {
				t.Errorf("(-want +found):\n%s", diff)
			}
			if degraded := strings.HasPrefix(rolled.Summary, "Degraded"); degraded != rolled.Degraded {
				t.Errorf("expected Degraded to be %v with summary %q", degraded, rolled.Summary)
			}
			first := rolled.Members[0]
			fares := fmt.Sprintf("%s/%s %s %s", first.Kind, first.Name, first.Healthy, first.Reason)
			if c.firstMemberFares != "" && strings.ReplaceAll(c.firstMemberFares, " /", "/") != fares {
				t.Errorf("expected the first member to be %q, found %q", c.firstMemberFares, fares)
			}
			listed := map[string]bool{}
			for _, m := range rolled.Members {
				if id := string(m.Kind) + "/" + m.Name; m.Name != "" && listed[id] {
					t.Errorf("%s is listed twice", id)
				} else {
					listed[id] = true
				}
			}
		})
	}
}

func TestARollUpSaysWhichMemberIsBeingJudged(t *testing.T) {
	set := &v1alpha1.DependencySet{Spec: v1alpha1.DependencySetSpec{Requires: []v1alpha1.Requirement{{Kind: "AIProvider"}}}}
	rolled := diagnosis.RollUp(set, map[string]diagnosis.Kin{"AIProvider": {Members: []diagnosis.Member{edited(fine("chat"))}}})
	want := "AIProvider chat: Its spec was edited, and no probe of it has ended yet."
	if diff := cmp.Diff(want, rolled.Conditions[2].Message); diff != "" {
		t.Errorf("message of Ready (-want +found):\n%s", diff)
	}
}

func TestARollUpSaysWhichMemberIsMeantAndWhatToDo(t *testing.T) {
	set := &v1alpha1.DependencySet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "app"}}
	for name, c := range map[string]struct {
		require v1alpha1.Requirement
		members []diagnosis.Member
		says    string
	}{
		"of a member, what it says itself": {
			v1alpha1.Requirement{Kind: "AIProvider"}, []diagnosis.Member{wrong("chat")},
			"AIProvider chat: It says InvalidAPIKey.",
		},
		"of a kind without objects, that one has to be created": {
			v1alpha1.Requirement{Kind: "AIProvider"}, nil,
			"No AI provider is configured. Create an object of kind AIProvider in namespace shop.",
		},
		"of a name that nothing has, the name": {
			v1alpha1.Requirement{Kind: "AIProvider", Name: "bot"}, []diagnosis.Member{fine("chat")},
			"Namespace shop has no AIProvider that matches what is required: bot. Create it, or correct spec.requires of the DependencySet.",
		},
		"of a provider that the app cannot use, those that it can": {
			v1alpha1.Requirement{Kind: "AIProvider", AcceptedProviders: []string{"Anthropic", "Groq"}}, []diagnosis.Member{fine("chat")},
			"The app cannot use the provider of AIProvider chat, which is OpenAI: it accepts Anthropic, Groq. " +
				"Choose a provider that the app can use, or add this one to acceptedProviders of the DependencySet.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			set.Spec.Requires = []v1alpha1.Requirement{c.require}
			rolled := diagnosis.RollUp(set, map[string]diagnosis.Kin{
				"AIProvider": {Noun: "AI", None: probe.NoAIProvider, Members: c.members},
			})
			if diff := cmp.Diff(c.says, rolled.Conditions[1].Message); diff != "" {
				t.Errorf("message of Healthy (-want +found):\n%s", diff)
			}
		})
	}
}
