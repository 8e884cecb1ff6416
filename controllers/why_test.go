// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

// plugin builds the CLI once, and returns the folder with it.
var plugin = sync.OnceValues(func() (string, error) {
	build := exec.Command("go", "build", "-o", world.tools, "../cmd/kubectl-mainstay")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return world.tools, nil
})

// shell is a terminal of a user: kubectl, the plugin, and a kubeconfig.
type shell struct {
	*testing.T
	kubeconfig string
}

func newShell(t *testing.T) shell { return shell{t, world.kubeconfig} }

// run runs a line as the user would, with what the user types. No output may show a credential.
func (s shell) run(line, typed string) (out string, code int) {
	s.Helper()
	folder, err := plugin()
	if err != nil {
		s.Fatal(err)
	}
	cmd := exec.CommandContext(s.Context(), "bash", "-c", line)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "NO_COLOR=1",
		"PATH="+folder+":"+os.Getenv("KUBEBUILDER_ASSETS")+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(typed)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.Fatal(err)
	}
	if strings.Contains(string(text), canary) {
		s.Errorf("a credential is shown by %s:\n%s", line, text)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// must runs a line that has to succeed.
func (s shell) must(line, typed string) string {
	s.Helper()
	out, code := s.run(line, typed)
	if code != 0 {
		s.Fatalf("%s: exit code %d:\n%s", line, code, out)
	}
	return out
}

// answer is what the tests read of an answer in JSON.
type answer struct {
	Caller      struct{ User, Namespace string }
	Nearest     []string
	Permissions []struct {
		Verb, Resource string
		Allowed        bool
	}
	Causes []struct {
		Object, Reason, Seen, Advice string
		Fix, Verify, Reproduce       []string
	}
	Well string
}

func (s shell) why(namespace, typed string) answer {
	s.Helper()
	var a answer
	out, _ := s.run("kubectl mainstay why "+typed+" -n "+namespace+" -o json 2>/dev/null", "")
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		s.Fatalf("%v:\n%s", err, out)
	}
	return a
}

// follow follows the fix of the first cause, and waits until the object is healthy.
func (s shell) follow(a answer, typed string, object target.Dependency) {
	s.Helper()
	s.must(a.Causes[0].Fix[0], typed)
	waitForReason(s.T, object, v1alpha1.ReasonPassed)
	for _, verify := range a.Causes[0].Verify {
		s.must(verify, "")
	}
}

// TestSymptomsLeadToTheirCause types what a user sees, checks which cause and fix comes first, and follows
// it.
func TestSymptomsLeadToTheirCause(t *testing.T) {
	for name, c := range map[string]struct {
		given  func(*testing.T, string) target.Dependency
		typed  string
		object string
		reason string
		says   string
		// input is what the fix asks for; editor changes what the fix opens.
		input  func(*testing.T) string
		editor string
		// mend is for what no command mends.
		mend func()
	}{
		"401 invalid_api_key": {
			given: func(t *testing.T, ns string) target.Dependency {
				ai, credential := openAI(ns), key(t)
				world.vendors["OpenAI"].PlayFor(credential, providertest.Unauthorized)
				create(t, secret(ns, credential), ai)
				return ai
			},
			typed: "401 invalid_api_key", object: "aiprovider/assistant", reason: v1alpha1.ReasonInvalidAPIKey,
			says: "OpenAI rejects the API key in Secret credential (key apiKey).", input: key,
		},
		"401 since the Secret is missing": {
			given: func(t *testing.T, ns string) target.Dependency {
				ai := openAI(ns)
				create(t, ai)
				return ai
			},
			typed: `"Error 401: Unauthorized"`, object: "aiprovider/assistant", reason: v1alpha1.ReasonSecretNotFound,
			says: "Secret credential does not exist", input: key,
		},
		"403 insufficient_scope": {
			given: func(t *testing.T, ns string) target.Dependency {
				return played("missing scope for a model that is asked for", v1alpha1.ReasonInsufficientScope)(t, ns).(target.Dependency)
			},
			typed: "403 insufficient_scope", object: "aiprovider/assistant", reason: v1alpha1.ReasonInsufficientScope,
			says: "lacks a scope: api.model.read", input: key,
		},
		"403 forbidden": {
			given: func(t *testing.T, ns string) target.Dependency {
				return played("missing scope for a model that is asked for", v1alpha1.ReasonInsufficientScope)(t, ns).(target.Dependency)
			},
			typed: "403 forbidden", object: "aiprovider/assistant", reason: v1alpha1.ReasonInsufficientScope,
			says: "lacks a scope", input: key,
		},
		"429 rate_limited": {
			given: func(t *testing.T, ns string) target.Dependency {
				return later(providertest.RateLimited, v1alpha1.ReasonRateLimited)(t, ns).(target.Dependency)
			},
			typed: "429", object: "aiprovider/assistant", reason: v1alpha1.ReasonRateLimited,
			says: "rate limit of this key or account is used up",
		},
		"AI returns nothing since the model does not exist": {
			given: func(t *testing.T, ns string) target.Dependency {
				ai := openAI(ns)
				ai.Spec.Models = []string{"gpt-9"}
				create(t, secret(ns, key(t)), ai)
				return ai
			},
			typed: `"AI returns nothing"`, object: "aiprovider/assistant", reason: v1alpha1.ReasonModelNotAvailable,
			says: "gpt-9", editor: "sed -i s/gpt-9/gpt-4o-mini/",
		},
		"emails not sending since no provider is chosen": {
			given: func(t *testing.T, ns string) target.Dependency {
				email, s := resend(ns), secret(ns, "re_"+key(t))
				email.Spec, s.Name = v1alpha1.EmailProviderSpec{}, "resend"
				create(t, s, email)
				return email
			},
			typed: "emails not sending", object: "emailprovider/transactional", reason: v1alpha1.ReasonNoEmailProvider,
			says: "No email provider is configured, so no email is sent.",
		},
		"emails not sending since the domain is not the provider's": {
			given: func(t *testing.T, ns string) target.Dependency {
				email := resend(ns)
				email.Spec.Domain = "gone.example.com"
				create(t, secret(ns, "re_"+key(t)), email)
				return email
			},
			typed: "emails not sending", object: "emailprovider/transactional", reason: v1alpha1.ReasonDomainNotFound,
			says: "gone.example.com", editor: "sed -i s/gone.example.com/mail.example.com/",
		},
		"an object by its name": {
			given: func(t *testing.T, ns string) target.Dependency {
				ai := openAI(ns)
				create(t, ai)
				return ai
			},
			typed: "ai/assistant", object: "aiprovider/assistant", reason: v1alpha1.ReasonSecretNotFound, says: "credential", input: key,
		},
		"a suspended object": {
			given: func(t *testing.T, ns string) target.Dependency {
				ai := openAI(ns)
				ai.Spec.Suspend = true
				create(t, secret(ns, key(t)), ai)
				return ai
			},
			typed: "", object: "aiprovider/assistant", reason: v1alpha1.ReasonSuspended, says: "suspended",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace, s := newNamespace(t), newShell(t)
			object := c.given(t, namespace)
			waitForReason(t, object, c.reason)
			a := s.why(namespace, c.typed)
			if len(a.Causes) == 0 || a.Causes[0].Reason != c.reason || a.Causes[0].Object != c.object || !strings.Contains(a.Causes[0].Seen, c.says) {
				t.Fatalf("expected %s of %s with %q first, found %+v", c.reason, c.object, c.says, a.Causes)
			}
			if a.Caller.User == "" || a.Caller.Namespace != namespace {
				t.Errorf("expected who asks and where, found %+v", a.Caller)
			}
			if strings.HasPrefix(c.typed, "403") && (len(a.Permissions) == 0 || !a.Permissions[0].Allowed) {
				t.Errorf("expected the caller's own permissions, found %+v", a.Permissions)
			}
			if c.editor == "" && c.input == nil && len(a.Causes[0].Fix) == 0 {
				if a.Causes[0].Advice == "" {
					t.Error("expected advice where there is no command")
				}
				return
			}
			typed := ""
			if c.input != nil {
				typed = c.input(t) + "\n"
			}
			a.Causes[0].Fix[0] = "export KUBE_EDITOR='" + c.editor + "'; " + a.Causes[0].Fix[0]
			s.follow(a, typed, object)
		})
	}
}

func TestWhereNothingIsDeclaredThatIsTheFirstCause(t *testing.T) {
	namespace, s := newNamespace(t), newShell(t)
	a := s.why(namespace, "emails not sending")
	if len(a.Causes) != 1 || a.Causes[0].Reason != v1alpha1.ReasonNoEmailProvider {
		t.Fatalf("expected NoEmailProvider alone, found %+v", a.Causes)
	}
	s.must(a.Causes[0].Fix[0], "")
	email := &v1alpha1.EmailProvider{}
	email.Namespace, email.Name = namespace, "transactional"
	waitForReason(t, email, v1alpha1.ReasonSecretNotFound)
	a = s.why(namespace, "emails not sending")
	s.follow(a, "re_"+key(t)+"\n", email)

	well := s.why(namespace, "emails not sending")
	if len(well.Causes) > 0 || !strings.Contains(well.Well, "1 of 1 proven live") {
		t.Errorf("expected nothing to be wrong any more, found %+v", well)
	}
	webhook := s.why(namespace, "webhook not received")
	if len(webhook.Causes) != 1 || webhook.Causes[0].Reason != v1alpha1.ReasonNoWebhookEndpoint {
		t.Errorf("expected to be told that nobody declared a webhook endpoint, found %+v", webhook.Causes)
	}
}

func TestWrongInputIsNoDeadEnd(t *testing.T) {
	namespace, s := newNamespace(t), newShell(t)
	if out := s.must("kubectl mainstay why frobnicated -n "+namespace, ""); !strings.Contains(out, `kubectl mainstay why 'emails not sending'`) {
		t.Errorf("expected symptoms to choose from, found:\n%s", out)
	}
	for line, says := range map[string]string{
		"kubectl mainstay probe emial/x":                                    "kinds are AIProvider, EmailProvider",
		"kubectl mainstay probe email/x -n " + namespace:                    "there is no emailprovider/x in namespace " + namespace,
		"kubectl mainstay probe deps/x -n " + namespace:                     "is not probed itself",
		"kubectl mainstay why email/x -n " + namespace:                      "there is no emailprovider/x",
		"kubectl mainstay status -o yaml":                                   "expected text or json",
		"kubectl mainstay status --context nowhere":                         "nowhere",
		"KUBECONFIG=/dev/null kubectl-mainstay status --server localhost:1": "refused",
	} {
		out, code := s.run(line, "")
		if code != 2 || !strings.Contains(out, says) {
			t.Errorf("%s: expected exit code 2 and %q, found %d:\n%s", line, says, code, out)
		}
	}
}

// TestAReaderWithoutPermissionLearnsWhoGrantsIt follows the grant as an administrator would.
func TestAReaderWithoutPermissionLearnsWhoGrantsIt(t *testing.T) {
	namespace := newNamespace(t)
	config, err := world.user("jane@example.com")
	if err != nil {
		t.Fatal(err)
	}
	jane := shell{t, filepath.Join(t.TempDir(), "kubeconfig")}
	if err := os.WriteFile(jane.kubeconfig, config, 0o600); err != nil {
		t.Fatal(err)
	}
	aggregate(t)
	out, code := jane.run("kubectl mainstay why 403 forbidden -n "+namespace, "")
	grant := "kubectl create rolebinding mainstay-view -n " + namespace + " --clusterrole=view --user=jane@example.com"
	for _, says := range []string{"You are jane@example.com", "list aiproviders.mainstay.dev", "NO", "CAUSE: Forbidden", grant} {
		if code != 3 || !strings.Contains(out, says) {
			t.Errorf("expected exit code 3 and %q, found %d:\n%s", says, code, out)
		}
	}
	if out, code := jane.run("kubectl mainstay status -n "+namespace, ""); code != 3 || !strings.Contains(out, "you lack a permission") {
		t.Errorf("expected exit code 3, found %d:\n%s", code, out)
	}
	newShell(t).must(grant, "")
	create(t, openAI(namespace))
	if out := jane.must("kubectl mainstay status -n "+namespace, ""); !strings.Contains(out, "aiprovider/assistant") {
		t.Errorf("expected the object, found:\n%s", out)
	}
	if out, code := jane.run("kubectl mainstay suspend ai/assistant -n "+namespace, ""); code != 3 {
		t.Errorf("expected who may only view to change nothing, found %d:\n%s", code, out)
	}
}

// aggregate does what the controller manager does with the roles that ship, and that no test has.
func aggregate(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "config", "rbac", "aggregated_roles.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n---\n")
	shipped := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict([]byte(first), shipped); err != nil {
		t.Fatal(err)
	}
	view := &rbacv1.ClusterRole{}
	if err := world.admin.Get(t.Context(), client.ObjectKey{Name: "view"}, view); err != nil {
		t.Fatal(err)
	}
	view.Rules = append(view.Rules, shipped.Rules...)
	if err := world.admin.Update(t.Context(), view); err != nil {
		t.Fatal(err)
	}
}

func TestProbeSuspendAndResume(t *testing.T) {
	namespace, s := newNamespace(t), newShell(t)
	credential := key(t)
	ai := openAI(namespace)
	ai.Spec.FailureThreshold = 1
	create(t, secret(namespace, credential), ai, set(namespace, v1alpha1.Requirement{Kind: "AIProvider"}))
	waitForReason(t, ai, v1alpha1.ReasonPassed)

	world.vendors["OpenAI"].PlayFor(credential, providertest.Unauthorized)
	out, code := s.run("kubectl mainstay probe ai/assistant -n "+namespace, "")
	if code != 1 || !strings.Contains(out, "APIKeyRevokedOrExpired") || !strings.Contains(out, "no longer accepts the API key") {
		t.Errorf("expected exit code 1 and the cause, found %d:\n%s", code, out)
	}
	s.must("kubectl mainstay suspend ai/assistant -n "+namespace, "")
	waitForReason(t, ai, v1alpha1.ReasonSuspended)
	if out, code := s.run("kubectl mainstay probe ai/assistant -n "+namespace, ""); code != 2 || !strings.Contains(out, "resume") {
		t.Errorf("expected to be told to resume, found %d:\n%s", code, out)
	}
	world.vendors["OpenAI"].PlayFor(credential, "")
	s.must("kubectl mainstay resume ai/assistant -n "+namespace, "")
	waitForReason(t, ai, v1alpha1.ReasonPassed)
	out = s.must("kubectl mainstay status -n "+namespace, "")
	for _, says := range []string{"dependencyset/checkout", "└─ aiprovider/assistant", "live, ", "All systems operational"} {
		if !strings.Contains(out, says) {
			t.Errorf("expected %q in:\n%s", says, out)
		}
	}
}
