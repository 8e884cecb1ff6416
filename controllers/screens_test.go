// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

var updatePages = flag.Bool("update", false, "write the screens of docs/cli.md anew")

// screen is a block of a page: a command, and all that it prints.
var screen = regexp.MustCompile("(?m)^```console\n\\$ (.+)\n((?:.*\n)*?)```$")

// moving is what differs from run to run, and what stands for it in the page.
var moving = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`live, (just now|\d+ \w+ ago)`), "live, just now"},
	{regexp.MustCompile(`(?m) of context \S+\.$`), " of context prod."},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "http://127.0.0.1"},
	{regexp.MustCompile(`(?m) (\d+m)?\d+s$`), " 3s"},
}

// TestTheScreensInTheDocs runs every command that docs/cli.md shows, in its order, and holds what it prints
// against the page.
func TestTheScreensInTheDocs(t *testing.T) {
	t.Parallel()
	shopAsInTheDocs(t)
	s := newShell(t)
	path := filepath.Join("..", "docs", "cli.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	commands := screen.FindAllSubmatch(page, -1)
	if len(commands) == 0 {
		t.Fatal("expected screens in docs/cli.md")
	}
	updated := screen.ReplaceAllStringFunc(string(page), func(block string) string {
		m := screen.FindStringSubmatch(block)
		printed, _ := s.run(m[1], "")
		for _, each := range moving {
			printed = each.pattern.ReplaceAllString(printed, each.stands)
		}
		for line := range strings.SplitSeq(printed, "\n") {
			if utf8.RuneCountInString(line) > 100 {
				t.Errorf("%s: a line of %d columns: %q", m[1], utf8.RuneCountInString(line), line)
			}
		}
		return "```console\n$ " + m[1] + "\n" + printed + "```"
	})
	if *updatePages {
		if err := os.WriteFile(path, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(updated, string(page)); diff != "" {
		t.Errorf("docs/cli.md is out of date, run go test ./controllers -run Screens -update (-printed +page):\n%s", diff)
	}
}

// shopAsInTheDocs sets the stage of docs/cli.md: the shop's AI works, its search has a key that its vendor
// rejects, and nobody has chosen an email provider. The press's AI worked, and its vendor has begun to reject the
// key.
func shopAsInTheDocs(t *testing.T) {
	t.Helper()
	for _, name := range []string{"shop", "blog", "press"} {
		create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	revoked, summaries := key(t), openAI("press")
	summaries.Name, summaries.Spec.PeriodSeconds = "summaries", 86400
	create(t, secret("press", revoked), summaries)
	waitForReason(t, summaries, v1alpha1.ReasonPassed)
	world.vendors["OpenAI"].PlayFor(revoked, providertest.Unauthorized)
	wrong := "sk-ant-" + key(t)
	world.vendors["Anthropic"].PlayFor(wrong, providertest.Unauthorized)
	openAIKey, anthropicKey := secret("shop", key(t)), secret("shop", wrong)
	openAIKey.Name, anthropicKey.Name = "openai", "anthropic"
	assistant, search := openAI("shop"), openAI("shop")
	assistant.Spec.SecretRef.Name, assistant.Spec.Models = "openai", []string{"gpt-4o-mini"}
	search.Name, search.Spec.Provider, search.Spec.SecretRef.Name = "search", "Anthropic", "anthropic"
	email := &v1alpha1.EmailProvider{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "transactional"}}
	checkout := set("shop", v1alpha1.Requirement{Kind: "EmailProvider", AcceptedProviders: []string{"Resend"}},
		v1alpha1.Requirement{Kind: "AIProvider", Name: "assistant", Importance: v1alpha1.ImportanceOptional})
	create(t, openAIKey, anthropicKey, assistant, search, email, checkout)
	waitForReason(t, assistant, v1alpha1.ReasonPassed)
	waitForReason(t, search, v1alpha1.ReasonInvalidAPIKey)
	waitForReason(t, email, v1alpha1.ReasonNoEmailProvider)
	waitFor(t, checkout, "members that were all judged", func() bool {
		return len(checkout.Status.Members) == 2 && checkout.Status.Members[0].Reason == v1alpha1.ReasonNoEmailProvider &&
			checkout.Status.Members[1].Reason == v1alpha1.ReasonPassed
	})
}
