// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// TestCommandsLeadToTheClusterThatWasAskedAbout holds that nobody who copies a line changes another cluster with it.
func TestCommandsLeadToTheClusterThatWasAskedAbout(t *testing.T) {
	c := newCluster(surroundings{})
	c.flags = genericclioptions.NewConfigFlags(true)
	*c.flags.Context, *c.flags.KubeConfig, c.namespace = "of prod", "/home/me/prod", "shop"
	a := answer{
		Causes: []cause{{
			Reason: "InvalidAPIKey", Advice: "Put it right: kubectl edit AIProvider chat -n shop",
			Fix:       []string{"read -rs API_KEY && printf x |\n  kubectl patch secret openai -n shop --patch-file=/dev/stdin"},
			Verify:    []string{"kubectl mainstay probe aiprovider/chat -n shop", "kubectl mainstay status" + c.inNamespace()},
			Reproduce: []string{"kubectl auth can-i get pods -n shop"},
		}},
		Besides: 2,
	}
	c.place(&a)
	text := c.render(a)
	for _, want := range []string{
		"kubectl edit FLAGS AIProvider chat", "kubectl patch FLAGS secret openai", "kubectl mainstay probe FLAGS aiprovider/chat",
		"kubectl mainstay status -n shop FLAGS", "kubectl auth can-i FLAGS get pods", "kubectl mainstay why -n shop FLAGS",
	} {
		want = strings.ReplaceAll(want, "FLAGS", "--kubeconfig /home/me/prod --context 'of prod'")
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("expected %q in:\n%s", want, text)
		}
	}
	if commands, placed := strings.Count(text, "kubectl "), strings.Count(strings.Join(strings.Fields(text), " "), "--context 'of prod'"); commands != placed {
		t.Errorf("expected the context once in each of %d commands, found it %d times in:\n%s", commands, placed, text)
	}
}

func TestCommandsAreShortWhereTheClusterIsTheCurrentOne(t *testing.T) {
	c := newCluster(surroundings{})
	if got := c.placed("kubectl get pods"); got != "kubectl get pods" {
		t.Errorf("expected the command as it is, found %q", got)
	}
}
