// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

func TestEverySymptomHasOneRow(t *testing.T) {
	var want, found []string
	for _, s := range probe.Symptoms() {
		want = append(want, s.String())
	}
	for _, d := range diagnosis.All() {
		found = append(found, d.Symptom.String())
		if diff := cmp.Diff(d, diagnosis.Of(d.Symptom), cmp.AllowUnexported(probe.Symptom{}), cmp.Comparer(sameSymptom)); diff != "" {
			t.Errorf("%s is found as another row than it is listed (-listed +found):\n%s", d.Symptom, diff)
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("the symptoms and the table differ, or their order does (-symptoms +table):\n%s", diff)
	}
}

func sameSymptom(a, b probe.Symptom) bool { return a == b }

func TestEveryStageHasARow(t *testing.T) {
	reached := map[probe.Stage]bool{}
	for _, d := range diagnosis.All() {
		reached[d.Symptom.Stage()] = true
	}
	for _, stage := range probe.Stages() {
		if !reached[stage] {
			t.Errorf("no symptom belongs to stage %s", stage)
		}
	}
}

func TestRowsOfOneReasonAgree(t *testing.T) {
	first := map[string]diagnosis.Diagnosis{}
	for _, d := range diagnosis.All() {
		known, seen := first[d.Reason]
		if !seen {
			first[d.Reason] = d
			continue
		}
		if known.Symptom.Stage() != d.Symptom.Stage() {
			t.Errorf("reason %s belongs to the stages %s and %s", d.Reason, known.Symptom.Stage(), d.Symptom.Stage())
		}
		if known.Blame != d.Blame || known.OwnHostBlame != d.OwnHostBlame || known.Counts != d.Counts || known.Shows != d.Shows || known.Stalls != d.Stalls {
			t.Errorf("reason %s: %s and %s differ in more than their words, so a status that names the reason cannot tell which holds",
				d.Reason, known.Symptom, d.Symptom)
		}
	}
}

func TestRowsUseTheClosedSets(t *testing.T) {
	blames := []diagnosis.Blame{diagnosis.Owner, diagnosis.Provider, diagnosis.Network, diagnosis.Mainstay}
	counts := []diagnosis.Counts{diagnosis.ByBlame, diagnosis.InARow, diagnosis.AtOnce}
	shows := []probe.Result{probe.Failed, probe.Passed, probe.Undecided, probe.Unprovable}
	for _, d := range diagnosis.All() {
		switch {
		case !slices.Contains(blames, d.Blame) && (d.Blame != "" || d.Fails() || d.Doubts()):
			t.Errorf("%s: unknown blame %q", d.Symptom, d.Blame)
		case d.OwnHostBlame != "" && !slices.Contains(blames, d.OwnHostBlame):
			t.Errorf("%s: unknown blame %q for a host of one's own", d.Symptom, d.OwnHostBlame)
		case d.OwnHostBlame != "" && d.Symptom.Stage() != probe.Reachable:
			t.Errorf("%s: who chose the host matters only while it does not answer", d.Symptom)
		case !slices.Contains(counts, d.Counts):
			t.Errorf("%s: unknown way to count %q", d.Symptom, d.Counts)
		case !slices.Contains(shows, d.Shows):
			t.Errorf("%s: no finding with a symptom is %s", d.Symptom, d.Shows)
		case d.Symptom.Stage() == probe.Configured && d.Blame != diagnosis.Owner:
			t.Errorf("%s: what is not configured right is the owner's to mend", d.Symptom)
		case d.Stalls && d.Blame != diagnosis.Owner:
			t.Errorf("%s: an edit of the spec is the owner's to make", d.Symptom)
		}
	}
}

// TestEveryReasonIsInATable reads the constants of the API, so that none is forgotten and none is unknown.
func TestEveryReasonIsInATable(t *testing.T) {
	want := reasonConstants(t)
	seen := map[string]bool{}
	for _, d := range diagnosis.All() {
		seen[d.Reason] = true
	}
	for _, p := range diagnosis.ProgressReasons() {
		if seen[p.Reason] {
			t.Errorf("reason %s both names a fault and says how far a condition has come", p.Reason)
		}
		seen[p.Reason] = true
	}
	var found []string
	for reason := range seen {
		found = append(found, reason)
	}
	slices.Sort(want)
	slices.Sort(found)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("the constants of the API and the tables differ (-API +tables):\n%s", diff)
	}
}

// reasonConstants returns the values of the API's constants whose names begin with Reason.
func reasonConstants(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/reasons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if "Reason"+value != spec.Names[0].Name {
			t.Errorf("constant %s has the value %q", spec.Names[0].Name, value)
		}
		values = append(values, value)
		return true
	})
	if len(values) == 0 {
		t.Fatal("found no constant whose name begins with Reason")
	}
	return values
}

func TestWordsOfTheTable(t *testing.T) {
	known := []string{"provider", "object", "kind", "namespace", "secret", "secretName", "secretKeys", "credential", "host", "hostname", "region", "keyRegion", "renewal", "Renewal", "names"}
	command := regexp.MustCompile(`(: kubectl |start Mainstay with --)[^\n]*[^.]$`)
	sentence := regexp.MustCompile(`^(\{|\[|https|[A-Z])[^\n]*\.$`)
	figure := regexp.MustCompile(`\d+ ?(ms|s|sec|second|minute|hour|day|time|probe|request|model|domain)`)
	for _, d := range diagnosis.All() {
		if !sentence.MatchString(d.Seen) {
			t.Errorf("%s: what was seen is not a sentence: %q", d.Symptom, d.Seen)
		}
		if !sentence.MatchString(d.Advice) && !command.MatchString(d.Advice) {
			t.Errorf("%s: the advice is neither a sentence nor a command: %q", d.Symptom, d.Advice)
		}
		words := d.Seen + " " + d.Advice
		for _, p := range regexp.MustCompile(`\{[^}]*\}`).FindAllString(words, -1) {
			if !slices.Contains(known, strings.Trim(p, "{}")) {
				t.Errorf("%s: unknown placeholder %s", d.Symptom, p)
			}
		}
		if strings.HasPrefix(words, "{secret}") {
			t.Errorf("%s: a sentence would begin with the small letter of %q", d.Symptom, "key")
		}
		if f := figure.FindString(words); f != "" {
			t.Errorf("%s: %q looks like a count or a time, which makes messages move", d.Symptom, f)
		}
	}
	for _, p := range diagnosis.ProgressReasons() {
		if !sentence.MatchString(p.Seen) || p.Advice != "" && !sentence.MatchString(p.Advice) {
			t.Errorf("%s: expected sentences, found %q and %q", p.Reason, p.Seen, p.Advice)
		}
	}
}

// TestMessagesHaveNoHoles renders every row with and without each thing that may be missing.
func TestMessagesHaveNoHoles(t *testing.T) {
	hole := regexp.MustCompile(`  |[{}\[\]]|key  of| ,|:\.|: ?$| \.|\(\)|,,`)
	for _, d := range diagnosis.All() {
		for name, shape := range map[string]struct {
			names  []string
			secret bool
		}{
			"all known":              {names: []string{"alpha", "beta"}, secret: true},
			"no names":               {secret: true},
			"no Secret":              {names: []string{"alpha"}},
			"no names and no Secret": {},
		} {
			if !shape.secret && d.Symptom.Stage() == probe.Configured {
				continue // These speak of a Secret only where the spec names one.
			}
			for _, text := range messages(d, shape.names, shape.secret) {
				if found := hole.FindString(text); found != "" {
					t.Errorf("%s with %s: %q in %q", d.Symptom, name, found, text)
				}
			}
		}
	}
}

// messages renders a row as the API server would get it.
func messages(d diagnosis.Diagnosis, names []string, secret bool) []string {
	o := newDependency()
	if !secret {
		o.subject.SecretName, o.subject.Keys = "", nil
	}
	o.verdict.Stages[d.Symptom.Stage()] = probe.Standing{Finding: probe.Fail(d.Symptom, names...), Firm: true}
	var texts []string
	for _, o.subject.Region = range []string{"", "eu-west-1"} {
		texts = append(texts, diagnosis.Healthy(o.verdict, o.subject).Message)
		for _, c := range o.conditions() {
			texts = append(texts, c.Message)
		}
	}
	return texts
}

// TestMessagesFitIntoAnEvent holds the limit of 1,024 bytes that events have for their note.
func TestMessagesFitIntoAnEvent(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, d := range diagnosis.All() {
		for _, length := range []int{64, 256} {
			var names []string
			for range 16 {
				names = append(names, long(length))
			}
			o := newDependency()
			o.subject.Name, o.subject.Namespace = long(63), long(63)
			o.subject.SecretName, o.subject.Keys, o.subject.Host = long(63), []string{long(63)}, long(63)+":443"
			o.verdict.Stages[d.Symptom.Stage()] = probe.Standing{Finding: probe.Fail(d.Symptom, names...), Firm: true}
			got := diagnosis.Healthy(o.verdict, o.subject).Message
			if len(got) > 1024 {
				t.Errorf("%s with 16 names of %d bytes: the message has %d bytes:\n%s", d.Symptom, length, len(got), got)
			}
			if strings.Contains(d.Seen, "{names}") && !strings.Contains(got, names[0]) {
				t.Errorf("%s: not even the first name is in the message:\n%s", d.Symptom, got)
			}
		}
	}
}

func TestMessagesNameWhatToChange(t *testing.T) {
	cases := map[string]struct {
		given *dependency
		want  string
	}{
		"a wrong key names the Secret and its key": {
			given: newDependency().probed(fails(probe.KeyRejected)),
			want: "OpenAI rejects the API key in Secret openai (key apiKey). " +
				"Check that it was copied in full, or create a new one at OpenAI and put it there.",
		},
		"one wrong key of several is named alone": {
			given: newDependency().withKeys("manager", "viewer", "stranger").probed(fails(probe.KeyRejected, "viewer")),
			want: "OpenAI rejects the API key in Secret openai (key viewer). " +
				"Check that it was copied in full, or create a new one at OpenAI and put it there.",
		},
		"a wrong key names the region, which may be what is wrong": {
			given: newDependency().in("eu-west-1").probed(fails(probe.KeyRejected)),
			want: "OpenAI rejects the API key in Secret openai (key apiKey). " +
				"Check that it was copied in full and is of region eu-west-1, or create a new one at OpenAI and put it there.",
		},
		"a wrong token is renewed where the app gets its tokens": {
			given: newDependency().at("AccessCheck", "PostgREST").probed(fails(probe.KeyRejected)),
			want: "PostgREST rejects the token in Secret openai (key apiKey). " +
				"Check that it was copied in full, or get a new token from whoever issues the app's tokens and put it there.",
		},
		"a token of an API that has expired": {
			given: newDependency().at("AccessCheck", "HTTP").probed(fails(probe.KeyExpired)),
			want: "The API says that the token in Secret openai (key apiKey) has expired. " +
				"Get a new token from whoever issues the app's tokens and put it there.",
		},
		"a wrong login of a database": {
			given: newDependency().at("AccessCheck", "Postgres").probed(fails(probe.KeyRejected)),
			want: "The database rejects the login in Secret openai (keys username and password). " +
				"Check that it was copied in full, or set a new password with ALTER ROLE and put it there.",
		},
		"a wrong login of a mail server": {
			given: newDependency().at("EmailProvider", "SMTP").probed(fails(probe.KeyRejected)),
			want: "The mail server rejects the login in Secret openai (keys username and password). " +
				"Check that it was copied in full, or get a new password from whoever runs the mail server and put it there.",
		},
		"an account of Gmail takes an app password": {
			given: newDependency().ownHost().at("EmailProvider", "SMTP").probed(fails(probe.AppPasswordNeeded)),
			want: "llm.shop.example:443 takes an app password here, and not the one of the account. " +
				"Create an app password in the account's security settings and put it there.",
		},
		"an access key of AWS is good in every region": {
			given: newDependency().at("EmailProvider", "SES").in("eu-west-1").probed(fails(probe.KeyRejected)),
			want: "Amazon SES rejects the access key in Secret openai (keys accessKeyID and secretAccessKey). " +
				"Check that it was copied in full, or create an access key in IAM (an SMTP credential of SES is none) and put it there.",
		},
		"an access key of AWS for Bedrock": {
			given: newDependency().at("AIProvider", "Bedrock").in("eu-west-1").probed(fails(probe.KeyExpired)),
			want: "Amazon Bedrock says that the access key in Secret openai (keys accessKeyID and secretAccessKey) has expired. " +
				"Create an access key in IAM and put it there.",
		},
		"a resource of Azure has two keys": {
			given: newDependency().at("AIProvider", "AzureOpenAI").probed(fails(probe.KeyRejected)),
			want: "Azure OpenAI rejects the API key of the resource in Secret openai (key apiKey). " +
				"Check that it was copied in full, or copy KEY 1 or KEY 2 from Keys and Endpoint of that very resource and put it there.",
		},
		"no allow-list helps where public access is disabled": {
			given: newDependency().at("AIProvider", "AzureOpenAI").probed(fails(probe.PublicAccessDisabled)),
			want: "Azure OpenAI does not let the cluster reach the resource: its public access is disabled. " +
				"Give the cluster a private endpoint, or enable public access; no allow-list helps before.",
		},
		"Postmark has tokens of several kinds": {
			given: newDependency().at("EmailProvider", "Postmark").probed(fails(probe.KeyRejected)),
			want: "Postmark rejects the server token in Secret openai (key apiKey). " +
				"Check that it was copied in full, or create a new one at Postmark and put it there.",
		},
		"a key whose project is served in a region names the host": {
			given: newDependency().probed(fails(probe.KeyOfOtherRegion, "us.api.openai.com")),
			want: "The project of the API key in Secret openai (key apiKey) keeps its data in a region, and is not served at api.openai.com:443: " +
				"us.api.openai.com serves it. Set spec.endpoint to the host of its region, as in https://us.api.openai.com/v1, and have the " +
				"Secret allow that host: kubectl edit AIProvider chat -n shop",
		},
		"an unknown domain names the region, which may be what is wrong": {
			given: newDependency().in("eu-west-1").probed(fails(probe.DomainNotFound, "example.com")),
			want: "The domain example.com is not registered at OpenAI with this account. " +
				"Add the domain at OpenAI, look for it in other regions than eu-west-1, or correct spec.domain.",
		},
		"credit that is used up may come back by itself, where it is of the day": {
			given: newDependency().probed(fails(probe.QuotaExhausted)),
			want: "OpenAI answers that credit, quota or a spend limit is used up. " +
				"Add credit or raise the limit in the billing settings at OpenAI; waiting helps only where it is a limit of the day.",
		},
		"a path replaces the whole base URL": {
			given: newDependency().ownHost().probed(fails(probe.PathNotFound)),
			want: "llm.shop.example:443 answers, but the API of OpenAI is not at this path (404). " +
				"Check the path of spec.endpoint: it replaces the whole base URL of OpenAI, version included where that has one.",
		},
		"what was given up says nothing of what arrives": {
			given: newDependency().probed(fails(probe.DeadLettered), fails(probe.DeadLettered), fails(probe.DeadLettered)),
			want: "Some of what OpenAI was to deliver in the last day was given up and will not be sent again. " +
				"Have it resent, by OpenAI or the app that sends; status.deliveries says how much it is.",
		},
		"a project that is paused is the owner's to resume": {
			given: newDependency().ownHost().at("AuthProvider", "Supabase").probed(fails(probe.ProjectPaused)),
			want: "The project at llm.shop.example:443 is paused. " +
				"Resume it in the dashboard of Supabase; projects of the free plan pause when nobody uses them.",
		},
		"no provider names the object to edit": {
			given: newDependency().probed(fails(probe.NoAIProvider)),
			want: "No AI provider is configured. " +
				"Set spec.provider of AIProvider chat, and spec.secretRef to the Secret with its API key.",
		},
		"no consent gives the command that gives it": {
			given: newDependency().ownHost().probed(fails(probe.ConsentMissing)),
			want: "Secret openai does not allow its key to be sent to llm.shop.example:443. If it may: kubectl annotate secret " +
				"-n shop openai mainstay.dev/allowed-hosts=llm.shop.example:443",
		},
		"an address that is admitted when the administrator says so": {
			given: newDependency().ownHost().probed(fails(probe.AddressRefused)),
			want: "Mainstay's dial guard does not admit llm.shop.example:443: its address is private, loopback or reserved, or its name is one of an inner network. " +
				"If it is meant to be probed, start Mainstay with --allow-host=llm.shop.example:443",
		},
		"an address that a Secret has, which is not shown": {
			given: newDependency().hostInSecret().probed(fails(probe.AddressRefused)),
			want: "Mainstay's dial guard does not admit the host in Secret openai: its address is private, loopback or reserved, or its name is one of an inner network. " +
				"If it is meant to be probed, start Mainstay with --allow-host=HOST, where HOST is the host in Secret openai",
		},
		"an address that no flag admits": {
			given: newDependency().ownHost().probed(fails(probe.AddressNeverAdmitted)),
			want: "The address of llm.shop.example:443 is link-local, a cloud's metadata service, multicast, reserved, or in a range that " +
				"--deny-cidr names: Mainstay never connects there. Use another endpoint.",
		},
		"a name that only the proxy can resolve": {
			given: newDependency().ownHost().probed(fails(probe.UnresolvedBehindProxy)),
			want: "llm.shop.example cannot be resolved here, only by the proxy, so its address cannot be judged. " +
				"If it is meant to be probed, start Mainstay with --allow-host=llm.shop.example:443",
		},
		"several faults of one stage are one message": {
			given: newDependency().probed(fails(probe.ModelNotAvailable, "gpt-6", "gpt-7")),
			want: "OpenAI does not offer a model that spec.models names: gpt-6, gpt-7. " +
				"Correct spec.models, or give the key's project access to the model at OpenAI.",
		},
		"a name that looks like a placeholder stays as it is": {
			given: newDependency().probed(fails(probe.ModelNotAvailable, "{host}[x]")),
			want: "OpenAI does not offer a model that spec.models names: {host}[x]. " +
				"Correct spec.models, or give the key's project access to the model at OpenAI.",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cause := diagnosis.Healthy(c.given.verdict, c.given.subject)
			if diff := cmp.Diff(c.want, cause.Message); diff != "" {
				t.Errorf("message (-want +found):\n%s", diff)
			}
			if cause.Status != metav1.ConditionFalse || cause.Blame != diagnosis.Owner {
				t.Errorf("expected False and the owner to blame, found %s and %s", cause.Status, cause.Blame)
			}
		})
	}
}
