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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

// plugin builds the CLI once, and returns the folder with it.
var plugin = sync.OnceValues(func() (string, error) {
	const from, completion = "../cmd/kubectl-mainstay", "kubectl_complete-mainstay"
	if out, err := exec.Command("go", "build", "-o", world.tools, from).CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	script, err := os.ReadFile(filepath.Join(from, completion))
	if err != nil {
		return "", err
	}
	return world.tools, os.WriteFile(filepath.Join(world.tools, completion), script, 0o755)
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
	cmd := s.command(folder, line)
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

// command is a line of the user's shell, which has kubectl and the plugin on its PATH.
func (s shell) command(folder, line string) *exec.Cmd {
	cmd := exec.CommandContext(s.Context(), "bash", "-c", line)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "NO_COLOR=1",
		"PATH="+folder+":"+os.Getenv("KUBEBUILDER_ASSETS")+":"+os.Getenv("PATH"))
	return cmd
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

// follow follows the fix of the first cause, with what it asks to type, and checks that it has mended the object.
func (s shell) follow(a answer, typed string, object target.Dependency) {
	s.Helper()
	s.must(a.Causes[0].Fix[0], typed)
	waitForReason(s.T, object, v1alpha1.ReasonPassed)
	s.verify(a, object)
}

// verify runs what the first cause says to verify with.
func (s shell) verify(a answer, object target.Dependency) {
	s.Helper()
	for _, verify := range a.Causes[0].Verify {
		s.must(verify, "")
	}
	waitForReason(s.T, object, v1alpha1.ReasonPassed)
	for _, kind := range []string{"Healthy", "Ready"} {
		if c := condition(object, kind); c.Status != metav1.ConditionTrue {
			s.Errorf("expected %s to be True, found %+v", kind, c)
		}
	}
}

func TestWhereNothingIsDeclaredThatIsTheFirstCause(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
	for _, says := range []string{"You are jane@example.com", "You lack:", "list aiproviders.mainstay.dev", "CAUSE: Forbidden", grant} {
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
