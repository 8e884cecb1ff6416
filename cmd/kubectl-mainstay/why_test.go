// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/symptom"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

func TestEveryKindHasAnExampleThatTheAPIServerAccepts(t *testing.T) {
	for _, kind := range target.Kinds {
		text := strings.ReplaceAll(examples[kind.Name], "<namespace>", "shop")
		objects, problems := manifest.Read(manifest.Sources{Files: []string{"-"}, Stdin: strings.NewReader(text)})
		input, more, err := manifest.Sort(objects, "default")
		if err != nil || len(problems)+len(more) > 0 || len(input.Dependencies) != 1 {
			t.Errorf("%s: expected an example of one valid object, found %d; %v %v %v", kind.Name, len(input.Dependencies), problems, more, err)
		}
		if m := suggested.FindStringSubmatch(text); m == nil || !slices.Contains(vendorsOf(kind.Name), m[1]) {
			t.Errorf("%s: expected the example to name one of %v", kind.Name, vendorsOf(kind.Name))
		}
	}
}

func TestRemediesAreOfReasonsThatExist(t *testing.T) {
	for reason := range remedies {
		if len(diagnosis.ForReason(reason)) == 0 && reason != v1alpha1.ReasonSuspended {
			t.Errorf("there is a remedy for %s, which no diagnosis has", reason)
		}
	}
}

func TestAQuestionIsUnderstood(t *testing.T) {
	there := survey{
		dependencies: []dependency{object("AIProvider", "chat"), object("EmailProvider", "newsletter"), object("StripeAccount", "checkout")},
		sets:         []v1alpha1.DependencySet{{ObjectMeta: metav1.ObjectMeta{Name: "checkout"}}},
	}
	chat, mail := named{"AIProvider", "chat"}, named{"EmailProvider", "newsletter"}
	for name, c := range map[string]struct {
		text           string
		objects        []named
		reasons        []string
		symptom, kind  string
		wantUnderstood bool
	}{
		"an object":                                    {"emailprovider/transactional", []named{{"EmailProvider", "transactional"}}, nil, "", "", true},
		"an object by a short name":                    {"ai/chat", []named{chat}, nil, "", "", true},
		"an object in two words":                       {"aiproviders chat", []named{chat}, nil, "", "", true},
		"an object as kubectl prints it":               {"emailprovider.mainstay.dev/newsletter", []named{mail}, nil, "", "", true},
		"two objects":                                  {"ai/chat email/newsletter", []named{chat, mail}, nil, "", "", true},
		"a name alone":                                 {"chat", []named{chat}, nil, "", "", true},
		"a name alone that is a word of a symptom too": {"newsletter", []named{mail}, nil, "", "", true},
		"a name that two objects have":                 {"checkout", []named{{"StripeAccount", "checkout"}, {setKind, "checkout"}}, nil, "", "", true},
		"a name in a sentence":                         {"why is checkout so slow?", []named{{"StripeAccount", "checkout"}, {setKind, "checkout"}}, nil, "", "", true},
		"a kind":                                       {"EmailProvider", nil, nil, "", "EmailProvider", true},
		"a kind and no name of one":                    {"email broken", nil, nil, "emails not sending", "", true},
		"a reason":                                     {"DomainNotVerified", nil, []string{"DomainNotVerified"}, "", "", true},
		"a reason in other letters":                    {"domainnotverified", nil, []string{"DomainNotVerified"}, "", "", true},
		"a reason within a line":                       {"Healthy False InvalidAPIKey: what is it?", nil, []string{"InvalidAPIKey"}, "", "", true},
		"a symptom":                                    {"emails not sending", nil, nil, "emails not sending", "", true},
		"a path is no object":                          {"GET /v1/models 401", nil, nil, "401 invalid_api_key", "", true},
		"nothing, which asks for all":                  {"", nil, nil, "", "", true},
		"what nobody understands":                      {"frobnicate", nil, nil, "", "", false},
		"a reason with letters mixed up":               {"DomainNotVerifed", nil, nil, "", "", false},
		"a kind that Mainstay has not":                 {"deployment/web", nil, nil, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			q := ask(c.text).among(there)
			heard := ""
			if len(q.symptoms) > 0 {
				heard = q.symptoms[0].Name
			}
			if !slices.Equal(q.objects, c.objects) || !cmp.Equal(q.reasons, c.reasons) || heard != c.symptom || q.kind != c.kind ||
				q.understood() != c.wantUnderstood {
				t.Errorf("found objects %v, reasons %v, symptom %q, kind %q, understood %v", q.objects, q.reasons, heard, q.kind, q.understood())
			}
			if !c.wantUnderstood && len(q.nearest()) == 0 {
				t.Error("expected the nearest symptoms, not a dead end")
			}
		})
	}
	if near := ask("DomainNotVerifed").nearest(); !slices.Contains(near, "DomainNotVerified") {
		t.Errorf("expected the reason that was meant, found %v", near)
	}
}

// object is one of a kind with a name.
func object(kind, name string) dependency {
	k, _ := target.FindKind(kind)
	o := k.New()
	o.SetName(name)
	return dependency{k, o}
}

// TestAnAccessCheckIsReproducedByWhatItsMessageNames holds what is shown to a person for copying: it is about the
// expectation that failed, and has no credential in it.
func TestAnAccessCheckIsReproducedByWhatItsMessageNames(t *testing.T) {
	database, cluster := object("AccessCheck", "isolation"), object("AccessCheck", "permissions")
	acme, globex := "acme", "glo'bex"
	rows := func(value *string) *v1alpha1.PostgresAccess {
		return &v1alpha1.PostgresAccess{
			Role: "app", Verb: "Select", Schema: "public", Table: "orders", Rows: &v1alpha1.PostgresRows{Column: "tenant", Value: value},
			Settings: []v1alpha1.PostgresSetting{{Name: "app.tenant", Value: &acme}},
		}
	}
	spec := &database.Dependency.(*v1alpha1.AccessCheck).Spec
	spec.Provider, spec.SecretRef = "Postgres", &v1alpha1.SecretKeyRef{Name: "shop-db"}
	spec.CARef = &v1alpha1.CARef{Kind: "ConfigMap", Name: "authority", Key: "ca.crt"}
	spec.Postgres = &v1alpha1.PostgresServer{Database: "shop", TLS: "VerifyCA"}
	spec.Expectations = []v1alpha1.AccessExpectation{{Name: "own", Expect: "Allow", Postgres: rows(&acme)}, {Name: "others", Expect: "Deny", Postgres: rows(&globex)}}
	access := &cluster.Dependency.(*v1alpha1.AccessCheck).Spec
	access.Provider = "Kubernetes"
	access.Expectations = []v1alpha1.AccessExpectation{
		{Name: "reads", Expect: "Allow", Kubernetes: &v1alpha1.KubernetesAccess{ServiceAccountName: "app", Verb: "get", Resource: "configmaps", ResourceName: "it's"}},
		{Name: "scales", Expect: "Allow", Kubernetes: &v1alpha1.KubernetesAccess{ServiceAccountName: "app", Verb: "update", Group: "apps", Resource: "deployments", Subresource: "scale"}},
	}
	for name, c := range map[string]struct {
		given   dependency
		message string
		want    string
	}{
		"the expectation of a database that failed": {database, "Nothing isolates them: others (role app with app.tenant: SELECT on public.orders where tenant = \"glo'bex\").", `
export PGUSER="$(kubectl get secret shop-db -n shop \
  -o go-template='{{with index .data "username"}}{{base64decode .}}{{end}}')"
export PGPASSWORD="$(kubectl get secret shop-db -n shop \
  -o go-template='{{with index .data "password"}}{{base64decode .}}{{end}}')"
export PGHOST="$(kubectl get secret shop-db -n shop \
  -o go-template='{{with index .data "host"}}{{base64decode .}}{{end}}')"
export PGPORT="$(kubectl get secret shop-db -n shop \
  -o go-template='{{with index .data "port"}}{{base64decode .}}{{end}}')"
export PGDATABASE=shop
kubectl get configmap authority -n shop \
  -o go-template='{{index .data "ca.crt"}}' > ca.crt
export PGSSLMODE=verify-ca PGSSLROOTCERT=ca.crt
psql -X <<'SQL'
BEGIN READ ONLY;
SET LOCAL ROLE "app";
SELECT set_config('app.tenant', 'acme', true);
SELECT EXISTS (SELECT FROM "public"."orders" WHERE "tenant" = 'glo''bex');
ROLLBACK;
SQL`},
		"the expectation of a cluster that failed": {cluster, "No role: scales (ServiceAccount app: update deployments.apps/scale).", `
kubectl auth can-i update deployments.apps --subresource=scale -n shop \
  --as=system:serviceaccount:shop:app`},
		"the first where none failed": {cluster, "All is well.", `
kubectl auth can-i get 'configmaps/it'\''s' -n shop \
  --as=system:serviceaccount:shop:app`},
	} {
		c.given.SetNamespace("shop")
		visited(c.given, c.message)
		if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), strings.Join(reproduction(c.given), "\n")); diff != "" {
			t.Errorf("%s (-want +found):\n%s", name, diff)
		}
	}
}

func TestSymptomsAreOfKindsThatExist(t *testing.T) {
	for _, s := range symptom.All() {
		for _, kind := range s.Kinds {
			if _, probed := target.FindKind(kind); !probed {
				t.Errorf("%s: there is no kind %s", s.Name, kind)
			}
		}
	}
}

func TestWhatTheCallerMayDoIsSaidInShort(t *testing.T) {
	all := []permission{
		{Verb: "list", Resource: "aiproviders", Group: "mainstay.dev", For: "see them", Allowed: true},
		{Verb: "list", Resource: "emailproviders", Group: "mainstay.dev", For: "see them", Allowed: true},
		{Verb: "patch", Resource: "aiproviders", Group: "mainstay.dev", For: "probe or mend them", Allowed: true},
		{Verb: "patch", Resource: "secrets", For: "replace their keys", Allowed: true},
	}
	none, some := slices.Clone(all), slices.Clone(all)
	for i := range none {
		none[i].Allowed = false
	}
	some[3].Allowed = false
	for name, c := range map[string]struct {
		given []permission
		want  string
	}{
		"nobody asked": {nil, ""},
		"all":          {all, "\nYour own permissions come first: you may see them, probe or mend them, replace their keys.\n"},
		"not all":      {some, "\nYour own permissions come first. You lack:\n    patch secrets, to replace their keys\n"},
		"none": {none, "\nYour own permissions come first. You lack:\n    list aiproviders.mainstay.dev, emailproviders.mainstay.dev, to see them\n" +
			"    patch aiproviders.mainstay.dev, to probe or mend them\n    patch secrets, to replace their keys\n"},
	} {
		p := &page{width: width}
		p.permissions(c.given)
		if diff := cmp.Diff(c.want, p.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAMessageIsSplitIntoWhatWasSeenAndWhatToDo(t *testing.T) {
	s := diagnosis.Subject{
		Kind: "AIProvider", Name: "chat", Namespace: "shop", SecretName: "openai",
		Terms: probe.Terms{Provider: "OpenAI", Host: "llm:443", Credential: "API key", Keys: []string{"apiKey"}},
	}
	for reason, want := range map[string][3]string{
		v1alpha1.ReasonInvalidAPIKey: {
			"OpenAI rejects the API key in Secret openai (key apiKey).",
			"Check that it was copied in full, or create a new one at OpenAI and put it there.", "",
		},
		v1alpha1.ReasonConsentMissing: {
			"Secret openai does not allow its key to be sent to llm:443.", "If it may:",
			"kubectl annotate secret -n shop openai mainstay.dev/allowed-hosts=llm:443",
		},
	} {
		seen, advice, command := split(strings.TrimSpace(want[0]+" "+want[1]+" "+want[2]), reason, s)
		if diff := cmp.Diff(want, [3]string{seen, advice, command}); diff != "" {
			t.Errorf("%s (-want +found):\n%s", reason, diff)
		}
	}
}

func TestAnswersFitTheScreen(t *testing.T) {
	for name, s := range map[string]struct {
		terminal bool
		columns  int
		want     int
	}{
		"a file":                      {want: width},
		"a wide terminal":             {true, 300, width},
		"a narrow terminal":           {true, 72, 72},
		"one that cannot be so":       {true, 3, narrowest},
		"one that does not tell":      {true, 0, width},
		"a file, whatever COLUMNS is": {false, 50, width},
	} {
		c := newCluster(surroundings{
			now: func() time.Time { return now }, env: func(string) (string, bool) { return "", false }, terminal: s.terminal, columns: s.columns,
		})
		c.namespace = "shop"
		longest := 0
		for line := range strings.SplitSeq(c.render(answer{
			Caller:   caller{User: "jane", Namespace: "shop", Context: "prod"},
			Symptoms: []meaning{{"emails not sending", strings.Repeat("word ", 60)}},
			Causes:   []cause{{Object: "emailprovider/mail", Reason: "X", Seen: strings.Repeat("seen ", 60), Advice: strings.Repeat("do ", 60)}},
			Well:     strings.Repeat("well ", 60),
		}), "\n") {
			longest = max(longest, len(line))
		}
		if longest > s.want || longest < s.want-6 {
			t.Errorf("%s: expected lines of %d columns, found %d", name, s.want, longest)
		}
	}
}
