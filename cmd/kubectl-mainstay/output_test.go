// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

func twoObjects() string {
	return documents(
		secret("openai", goodKey), secret("resend", resendKey), aiProvider("chat", openAISpec),
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {a: b}",
		emailProvider("mail", "{provider: Resend, secretRef: {name: resend}, domain: gone.example.com}"))
}

func TestJSONIsAListOfTheMainstayObjects(t *testing.T) {
	v := startVendors(t)
	r := v.check(t, twoObjects(), "-o", "json")
	mustExit(t, r, exitUnmet)
	var list struct {
		APIVersion, Kind string
		Items            []json.RawMessage
	}
	if err := json.Unmarshal([]byte(r.out), &list); err != nil {
		t.Fatalf("standard output is not JSON: %v\n%s", err, r.out)
	}
	if list.APIVersion != "v1" || list.Kind != "List" || len(list.Items) != 2 {
		t.Fatalf("expected a v1 List of 2 objects, got %s %s of %d", list.APIVersion, list.Kind, len(list.Items))
	}
	var chat v1alpha1.AIProvider
	if err := json.Unmarshal(list.Items[0], &chat); err != nil {
		t.Fatal(err)
	}
	if chat.Kind != "AIProvider" || chat.Namespace != "shop" || chat.Name != "chat" || chat.Spec.PeriodSeconds != 60 {
		t.Errorf("expected AIProvider shop/chat with its defaults, got %s %s/%s: %+v", chat.Kind, chat.Namespace, chat.Name, chat.Spec)
	}
	if chat.Status.ObservedGeneration != chat.Generation || chat.Generation != 1 {
		t.Errorf("expected the generation of a new object to be observed, got %d of %d", chat.Status.ObservedGeneration, chat.Generation)
	}
	if !chat.Status.LastProbeTime.Time.Equal(now) {
		t.Errorf("expected the time of the probe, got %v", chat.Status.LastProbeTime)
	}
	for _, kind := range []string{"Configured", "Reachable", "Authenticated", "Authorized", "Provisioned", "Healthy", "Ready"} {
		if !meta.IsStatusConditionTrue(chat.Status.Conditions, kind) {
			t.Errorf("expected condition %s to be True, got %+v", kind, meta.FindStatusCondition(chat.Status.Conditions, kind))
		}
	}
	var mail v1alpha1.EmailProvider
	if err := json.Unmarshal(list.Items[1], &mail); err != nil {
		t.Fatal(err)
	}
	if c := meta.FindStatusCondition(mail.Status.Conditions, "Healthy"); c == nil || c.Reason != v1alpha1.ReasonDomainNotFound {
		t.Errorf("expected reason DomainNotFound, got %+v", c)
	}
}

func TestYAMLSaysTheSameAsJSON(t *testing.T) {
	v := startVendors(t)
	asJSON := v.check(t, twoObjects(), "-o", "json")
	asYAML := v.check(t, twoObjects(), "-o", "yaml")
	converted, err := yaml.YAMLToJSON([]byte(asYAML.out))
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if err := json.Unmarshal([]byte(asJSON.out), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(converted, &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

func TestObjectsThatWereNotProbedHaveNoProbeTime(t *testing.T) {
	v := startVendors(t)
	r := v.check(t, aiProvider("chat", openAISpec), "-o", "yaml")
	mustExit(t, r, exitUnmet)
	mustContain(t, r.out, "reason: SecretNotFound")
	mustContain(t, r.err, "0 probed live, 1 judged by their configuration alone")
	if strings.Contains(r.out, "lastProbeTime") {
		t.Errorf("expected no lastProbeTime:\n%s", r.out)
	}
}

func TestTableFitsTheEye(t *testing.T) {
	v := startVendors(t)
	r := v.check(t, documents(secret("openai", badKey), aiProvider("chat", openAISpec), emailProvider("mail", "{}")))
	want := `NAMESPACE   KIND/NAME            PROVIDER   READY   HEALTHY   REASON
shop        AIProvider/chat      OpenAI     False   False     InvalidAPIKey
    OpenAI rejects the API key in Secret openai (key apiKey). Check that it was copied in full, or
    create a new one at OpenAI and put it there.
shop        EmailProvider/mail   None       False   False     NoEmailProvider
    No email provider is configured, so no email is sent. Set spec.provider of EmailProvider mail,
    and spec.secretRef to the Secret with its API key.
`
	if diff := cmp.Diff(want, r.out); diff != "" {
		t.Error(diff)
	}
	want = "Checking 2 objects ...\n2 of 2 not Healthy: 1 probed live, 1 judged by their configuration alone.\n"
	if diff := cmp.Diff(want, r.err); diff != "" {
		t.Error(diff)
	}
}

func TestLinesBreakAtBlanks(t *testing.T) {
	p := &page{width: width}
	wrap := func(text string) string { return p.wrap(text, indent) }
	for _, line := range strings.Split(wrap(strings.Repeat("mainstay ", 100)), "\n") {
		if len(line) > width {
			t.Errorf("line of %d columns: %q", len(line), line)
		}
	}
	command := "kubectl annotate secret -n shop " + strings.Repeat("x", 60) + " --overwrite a=b"
	mustContain(t, wrap("If it may: "+command), command)
	if !strings.Contains(wrap("If it may: "+command), "\n"+indent+command+"\n") {
		t.Errorf("expected the command on a line of its own:\n%s", wrap("If it may: "+command))
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	for name, row := range map[string]struct {
		terminal bool
		env      map[string]string
		want     bool
	}{
		"a terminal":                      {terminal: true, want: true},
		"a pipe":                          {},
		"a terminal and NO_COLOR":         {terminal: true, env: map[string]string{"NO_COLOR": "1"}},
		"a terminal and empty NO_COLOR":   {terminal: true, env: map[string]string{"NO_COLOR": ""}, want: true},
		"a terminal that knows no colour": {terminal: true, env: map[string]string{"TERM": "dumb"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := command{args: []string{"check", "-f", "-"}, stdin: emailProvider("mail", "{}"), terminal: row.terminal, env: row.env}
			r := c.run(t.Context(), t)
			mustExit(t, r, exitUnmet)
			if got := strings.Contains(r.out, "\x1b["); got != row.want {
				t.Errorf("expected colours: %v\n%q", row.want, r.out)
			}
		})
	}
}
