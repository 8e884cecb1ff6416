// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

// contains checks that an output has every part.
func (s shell) contains(out string, parts ...string) {
	s.Helper()
	for _, part := range parts {
		if !strings.Contains(out, part) {
			s.Errorf("expected %q in:\n%s", part, out)
		}
	}
}

func TestProbeSuspendAndResume(t *testing.T) {
	t.Parallel()
	namespace, s := newNamespace(t), newShell(t)
	credential := key(t)
	ai := openAI(namespace)
	ai.Spec.FailureThreshold = 1
	create(t, secret(namespace, credential), ai, set(namespace, v1alpha1.Requirement{Kind: "AIProvider"}))
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	s.contains(s.must("kubectl mainstay resume ai/assistant -n "+namespace, ""), "aiprovider/assistant was not suspended")

	world.vendors["OpenAI"].PlayFor(credential, providertest.Unauthorized)
	out, code := s.run("kubectl mainstay probe ai assistant -n "+namespace, "")
	if code != 1 || !strings.Contains(out, "APIKeyRevokedOrExpired") || !strings.Contains(out, "no longer accepts the API key") {
		t.Errorf("expected exit code 1 and the cause, found %d:\n%s", code, out)
	}
	s.contains(s.must("kubectl mainstay suspend ai assistant -n "+namespace, ""), "aiprovider/assistant suspended")
	s.contains(s.must("kubectl mainstay suspend ai/assistant -n "+namespace, ""), "aiprovider/assistant was suspended already")
	waitForReason(t, ai, v1alpha1.ReasonSuspended)
	if out, code := s.run("kubectl mainstay probe ai/assistant -n "+namespace, ""); code != 2 || !strings.Contains(out, "resume") {
		t.Errorf("expected to be told to resume, found %d:\n%s", code, out)
	}
	world.vendors["OpenAI"].PlayFor(credential, "")
	s.must("kubectl mainstay resume ai/assistant -n "+namespace, "")
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	s.contains(s.must("kubectl mainstay status -n "+namespace, ""),
		"dependencyset/checkout", "└─ aiprovider/assistant", "live, ", "All systems operational")
}

func TestProbeTellsOfWhatIsNotBelievedYet(t *testing.T) {
	t.Parallel()
	namespace, s := newNamespace(t), newShell(t)
	credential := key(t)
	ai := openAI(namespace)
	create(t, secret(namespace, credential), ai)
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	before := ai.ResourceVersion

	world.vendors["OpenAI"].PlayFor(credential, providertest.Unauthorized)
	out, code := s.run("kubectl mainstay probe ai/assistant -n "+namespace, "")
	if code != 1 {
		t.Errorf("expected exit code 1, found %d", code)
	}
	s.contains(out, "Healthy         True     True    Passed", "This probe found APIKeyRevokedOrExpired: OpenAI no longer accepts the API key",
		"not believed yet: seen once of 3 in a row (spec.failureThreshold)")
	if strings.Contains(out, "is as it should be") {
		t.Errorf("expected no word of all being well, found:\n%s", out)
	}
	waitFor(t, ai, "the finding", func() bool { return ai.Status.LastRequestFinding != nil })
	if f := ai.Status.LastRequestFinding; f.Reason != v1alpha1.ReasonAPIKeyRevokedOrExpired || f.Seen != 1 || f.Threshold != 3 || ai.ResourceVersion == before {
		t.Errorf("expected the finding in the status, found %+v", f)
	}

	world.vendors["OpenAI"].PlayFor(credential, "")
	out, code = s.run("kubectl mainstay probe ai/assistant -n "+namespace+" -o json", "")
	var answer struct{ Before, After, Unconfirmed any }
	if err := json.Unmarshal([]byte(out), &answer); err != nil || code != 0 || answer.Unconfirmed != nil || answer.After == nil {
		t.Errorf("expected JSON without a finding, found %d, %v:\n%s", code, err, out)
	}
}

// TestASetThatIsItselfTheCauseLeadsOn asks in each way that a user may, for a set that lacks what no object tells of.
func TestASetThatIsItselfTheCauseLeadsOn(t *testing.T) {
	t.Parallel()
	namespace, s := newNamespace(t), newShell(t)
	ai := openAI(namespace)
	app := set(namespace, v1alpha1.Requirement{Kind: "AIProvider", AcceptedProviders: []string{"Anthropic"}}, v1alpha1.Requirement{Kind: "EmailProvider"})
	create(t, secret(namespace, key(t)), ai, app)
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	waitFor(t, app, "both members", func() bool {
		return len(app.Status.Members) == 2 && !slices.ContainsFunc(app.Status.Members, func(m v1alpha1.Member) bool { return m.Reason == v1alpha1.ReasonProbing })
	})
	for _, typed := range []string{"", "deps/checkout", "checkout", "deps checkout"} {
		a := s.why(namespace, typed)
		if len(a.Causes) != 2 || a.Causes[0].Reason != v1alpha1.ReasonNoEmailProvider || !strings.HasPrefix(a.Causes[0].Fix[0], "kubectl apply") ||
			a.Causes[1].Reason != v1alpha1.ReasonProviderNotSupported || a.Causes[1].Fix[0] != "kubectl edit dependencyset/checkout -n "+namespace {
			t.Errorf("why %s: expected what the set lacks, found %+v", typed, a.Causes)
		}
	}
	email := resend(namespace)
	a := s.why(namespace, "deps/checkout")
	s.must(a.Causes[0].Fix[0], "")
	waitForReason(t, email, v1alpha1.ReasonSecretNotFound)
	if out, code := s.run("kubectl mainstay why deps/nothing -n "+namespace, ""); code != 2 || !strings.Contains(out, "there is no dependencyset/nothing") {
		t.Errorf("expected to be told that it is not there, found %d:\n%s", code, out)
	}
}

func TestWhatIsSuspendedComesLast(t *testing.T) {
	t.Parallel()
	namespace, s := newNamespace(t), newShell(t)
	first, second := openAI(namespace), openAI(namespace)
	first.Name, first.Spec.Suspend = "a", true
	second.Name, second.Spec.SecretRef.Name = "b", "missing"
	create(t, first, second)
	waitForReason(t, first, v1alpha1.ReasonSuspended)
	waitForReason(t, second, v1alpha1.ReasonSecretNotFound)
	a := s.why(namespace, "")
	if len(a.Causes) != 2 || a.Causes[0].Object != "aiprovider/b" || a.Causes[1].Reason != v1alpha1.ReasonSuspended {
		t.Errorf("expected the fault first, found %+v", a.Causes)
	}
	s.contains(s.must("kubectl mainstay why -n "+namespace, ""), "aiprovider/a   OpenAI     True    Unknown   Suspended        suspended")
}

func TestANamespaceWithNothingInItIsSaid(t *testing.T) {
	t.Parallel()
	namespace, s := newNamespace(t), newShell(t)
	create(t, openAI(namespace))
	for _, command := range []string{"status", "why", "why ai/assistant", "probe ai/assistant", "suspend ai/assistant"} {
		out, code := s.run("kubectl mainstay "+command+" -n no-such-namespace", "")
		if code != 2 || !strings.Contains(out, "there is no namespace no-such-namespace") {
			t.Errorf("%s: expected to be told that there is no such namespace, found %d:\n%s", command, code, out)
		}
	}
	if out, _ := s.run("kubectl mainstay status -n "+namespace+"x", ""); !strings.Contains(out, "did you mean "+namespace) {
		t.Errorf("expected the nearest namespace, found:\n%s", out)
	}
	for _, command := range []string{"status", "why"} {
		s.contains(s.must("kubectl mainstay "+command, ""), "Namespace default has no dependencies. These have: ", "Name one with -n")
	}
	empty := newNamespace(t)
	s.contains(s.must("kubectl mainstay why -n "+empty, ""), "CAUSE: NothingDeclared", "kubectl mainstay why EmailProvider -n "+empty)
	s.contains(s.must("kubectl mainstay why EmailProvider -n "+empty, ""), "CAUSE: NoEmailProvider", "kind: EmailProvider")
}

func TestTheShellCompletesObjects(t *testing.T) {
	t.Parallel()
	namespace, s := newNamespace(t), newShell(t)
	create(t, openAI(namespace), resend(namespace))
	for typed, want := range map[string][]string{
		"probe -n " + namespace + " ''":           {"aiprovider/assistant", "emailprovider/transactional"},
		"probe -n " + namespace + " aip":          {"aiprovider/assistant"},
		"probe -n " + namespace + " ai/":          {"ai/assistant"},
		"suspend -n " + namespace + " email ''":   {"transactional"},
		"why -n " + namespace + " emailprovider/": {"emailprovider/transactional"},
		"status -n test-":                         {namespace},
		"status -o ''":                            {"text", "json"},
		"''":                                      {"why", "status", "probe", "check", "reasons"},
	} {
		out, code := s.run("kubectl __complete mainstay "+typed+" 2>/dev/null", "")
		var offered []string
		for line := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			offered = append(offered, word)
		}
		for _, w := range want {
			if code != 0 || !slices.Contains(offered, w) {
				t.Errorf("%s: expected %q, found %d: %q", typed, w, code, offered)
			}
		}
	}
	if out, code := s.run("KUBECONFIG=/dev/null kubectl-mainstay __complete probe '' 2>/dev/null", ""); code != 0 || strings.Contains(out, "/") {
		t.Errorf("expected nothing to be offered without a cluster, found %d:\n%s", code, out)
	}
}

func TestStatusIsShownAgainAfterAChange(t *testing.T) {
	t.Parallel()
	namespace, s := newNamespace(t), newShell(t)
	ai := openAI(namespace)
	create(t, ai)
	waitForReason(t, ai, v1alpha1.ReasonSecretNotFound)
	folder, err := plugin()
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.command(folder, "exec kubectl-mainstay status --watch -n "+namespace)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	until := func(text string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Fatalf("the command ended before it showed %q", text)
	}
	until("SecretNotFound")
	create(t, secret(namespace, key(t)))
	until("---")
	until("live, just now")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("expected exit code 130, found %d", code)
	}
}

// throughCounter is a shell whose commands reach the API server through a proxy that takes down what they ask for.
func throughCounter(t *testing.T) (s shell, flags string, asked func() []string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", world.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	server, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var requests []string
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(server) }}
	counter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		requests = append(requests, r.Method+" "+r.URL.Path)
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(counter.Close)
	return newShell(t), "--kubeconfig=/dev/null --server=" + counter.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(requests)
	}
}

// TestStatusAsksForEachKindOnce holds that a namespace with many objects takes no more requests than one with few.
func TestStatusAsksForEachKindOnce(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for i := range 40 {
		ai := openAI(namespace)
		ai.Name, ai.Spec.Suspend = fmt.Sprintf("assistant-%d", i), true
		create(t, ai)
	}
	s, flags, asked := throughCounter(t)
	out := s.must("kubectl mainstay status -n "+namespace+" "+flags, "")
	s.contains(out, "assistant-0 ", "assistant-39 ")
	lists := map[string]int{}
	for _, request := range asked() {
		if path, group := strings.CutPrefix(request, "GET /apis/"+v1alpha1.GroupVersion.String()+"/namespaces/"+namespace+"/"); group {
			lists[path]++
		}
	}
	for path, n := range lists {
		if n != 1 || strings.Contains(path, "/") {
			t.Errorf("expected one list, found %d requests for %s", n, path)
		}
	}
	if len(lists) != len(target.Kinds)+1 {
		t.Errorf("expected a list of each of %d kinds, found %v", len(target.Kinds)+1, lists)
	}
}
