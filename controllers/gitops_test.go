// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/config/crd"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// state brings an object into a state on the API server, and says how tools have to see it there.
type state struct {
	reach          func(*testing.T, string) client.Object
	healthy, ready string // how the status and the reason begin; nothing where there is no condition
	kstatus        status.Status
	argo           string
}

// states are those in which a rollout may find an object.
var states = map[string]state{
	"created, not visited": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			ai.Labels = map[string]string{aloneLabel: "nobody"}
			create(t, ai)
			return ai
		},
		kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"visited, the first attempt is running": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := hanging(t, ns)
			create(t, ai)
			freed(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonProbing)
			return ai
		},
		healthy: "Unknown", ready: "Unknown", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"the spec was edited, the attempt is running": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := hanging(t, ns)
			endpoint, asked, _ := hang(t)
			ai.Spec.Endpoint = world.urls["OpenAICompatible"]
			create(t, ai)
			freed(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonPassed)
			update(t, ai, func() { ai.Spec.Endpoint = endpoint })
			<-asked
			return ai
		},
		healthy: "True", ready: "True", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"the Secret is missing": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			create(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonSecretNotFound)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"the key of the Secret is missing": {
		reach: func(t *testing.T, ns string) client.Object {
			ai, s := openAI(ns), secret(ns, "")
			s.StringData = map[string]string{"other": "x"}
			create(t, s, ai)
			waitForReason(t, ai, v1alpha1.ReasonSecretKeyMissing)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"the consent of the Secret is missing": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			ai.Spec.Provider, ai.Spec.Endpoint = "OpenAICompatible", world.urls["OpenAICompatible"]
			create(t, secret(ns, key(t)), ai)
			waitForReason(t, ai, v1alpha1.ReasonConsentMissing)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"no provider is chosen": {
		reach: func(t *testing.T, ns string) client.Object {
			email := resend(ns)
			email.Spec = v1alpha1.EmailProviderSpec{}
			create(t, email)
			waitForReason(t, email, v1alpha1.ReasonNoEmailProvider)
			return email
		},
		healthy: "False", ready: "False", kstatus: status.FailedStatus, argo: "Degraded",
	},
	"the dial guard refuses the host": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := hanging(t, ns)
			ai.Spec.Endpoint = "http://169.254.169.254/v1"
			create(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonDestinationNotAllowed)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.FailedStatus, argo: "Degraded",
	},
	"the key is wrong": {
		reach:   played(providertest.Unauthorized, v1alpha1.ReasonInvalidAPIKey),
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Degraded",
	},
	"a scope is missing": {
		reach:   played("missing scope for a model that is asked for", v1alpha1.ReasonInsufficientScope),
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Degraded",
	},
	"the vendor is down at first": {
		reach:   played(providertest.ServerError, v1alpha1.ReasonServerError),
		healthy: "Unknown", ready: "True Unproven", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"the vendor is down later": {
		reach:   later(providertest.ServerError, v1alpha1.ReasonServerError),
		healthy: "False", ready: "True", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"the key is revoked later": {
		reach:   later(providertest.Unauthorized, v1alpha1.ReasonAPIKeyRevokedOrExpired),
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Degraded",
	},
	"the app uses up the rate limit": {
		reach:   later(providertest.RateLimited, v1alpha1.ReasonRateLimited),
		healthy: "False", ready: "True", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"the app uses up the rate limit at first": {
		reach:   played(providertest.RateLimited, v1alpha1.ReasonRateLimited),
		healthy: "Unknown", ready: "True Unproven", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"a send-only key": {
		reach: func(t *testing.T, ns string) client.Object {
			email, credential := resend(ns), "re_"+key(t)
			world.vendors["Resend"].PlayFor(credential, "send-only key")
			create(t, secret(ns, credential), email)
			waitForReason(t, email, v1alpha1.ReasonPassed)
			return email
		},
		healthy: "True", ready: "True", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"suspended": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			ai.Spec.Suspend = true
			create(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonSuspended)
			return ai
		},
		healthy: "Unknown", ready: "True", kstatus: status.CurrentStatus, argo: "Suspended",
	},
	"a set lacks a required member": {
		reach: func(t *testing.T, ns string) client.Object {
			app := set(ns, v1alpha1.Requirement{Kind: "EmailProvider"})
			create(t, app)
			waitForReason(t, app, v1alpha1.ReasonNoEmailProvider)
			return app
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Progressing",
	},
}

// hanging is an object whose server never answers, and that needs no Secret.
func hanging(t *testing.T, namespace string) *v1alpha1.AIProvider {
	endpoint, _, _ := hang(t)
	ai := openAI(namespace)
	ai.Spec.Provider, ai.Spec.Endpoint, ai.Spec.SecretRef = "OpenAICompatible", endpoint, nil
	ai.Spec.PeriodSeconds, ai.Spec.TimeoutSeconds = 300, 300
	return ai
}

// freed deletes an object after the test, so that its probe leaves the server that never answers.
func freed(t *testing.T, object client.Object) {
	t.Cleanup(func() { _ = world.admin.Delete(context.Background(), object) })
}

// played has the vendor answer in one way from the start.
func played(name, reason string) func(*testing.T, string) client.Object {
	return func(t *testing.T, namespace string) client.Object {
		ai, credential := openAI(namespace), key(t)
		ai.Spec.Models = []string{"gpt-4o-mini"}
		world.vendors["OpenAI"].PlayFor(credential, name)
		create(t, secret(namespace, credential), ai)
		waitForReason(t, ai, reason)
		return ai
	}
}

// later has the vendor answer in one way once all was well.
func later(name, reason string) func(*testing.T, string) client.Object {
	return func(t *testing.T, namespace string) client.Object {
		ai, credential := openAI(namespace), key(t)
		ai.Spec.FailureThreshold = 1
		create(t, secret(namespace, credential), ai)
		waitForReason(t, ai, v1alpha1.ReasonPassed)
		world.vendors["OpenAI"].PlayFor(credential, name)
		probeNow(t, ai, "again")
		waitForReason(t, ai, reason)
		return ai
	}
}

// TestToolsSeeEachStateAsARolloutNeedsIt walks the states with kstatus, which is what Flux asks, with
// kubectl wait, with the script for Argo CD, and with the expressions for Flux.
func TestToolsSeeEachStateAsARolloutNeedsIt(t *testing.T) {
	for name, s := range states {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := s.reach(t, newNamespace(t))
			for kind, want := range map[string]string{"Healthy": s.healthy, "Ready": s.ready} {
				found := ""
				if c := condition(object, kind); c != nil {
					found = string(c.Status) + " " + c.Reason
				}
				if !strings.HasPrefix(found, want) || want == "" && found != "" {
					t.Errorf("condition %s: expected %q, found %q", kind, want, found)
				}
			}
			u := unstructuredOf(t, object)
			result, err := status.Compute(u)
			if err != nil {
				t.Fatal(err)
			}
			if result.Status != s.kstatus {
				t.Errorf("kstatus: expected %s, found %s: %s", s.kstatus, result.Status, result.Message)
			}
			health, message := argoHealth(t, u)
			if health != s.argo {
				t.Errorf("Argo CD: expected %s, found %s: %s", s.argo, health, message)
			}
			if s.ready == "True Unproven" && !strings.Contains(message, "Unproven") {
				t.Errorf("Argo CD: expected the message to say that nothing is proven, found %q", message)
			}
			if found, want := waits(t, object), s.kstatus == status.CurrentStatus; found != want {
				t.Errorf("kubectl wait --for=condition=Ready: expected %v, found %v", want, found)
			}
			strict := fluxCurrent(t, u)
			if want := s.healthy == "True" && s.kstatus == status.CurrentStatus; strict != want {
				t.Errorf("the expression of docs/gitops.md: expected %v, found %v", want, strict)
			}
		})
	}
}

func unstructuredOf(t *testing.T, object client.Object) *unstructured.Unstructured {
	t.Helper()
	kind, err := apiutil.GVKForObject(object, world.scheme)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	if err := world.admin.Get(t.Context(), client.ObjectKeyFromObject(object), u); err != nil {
		t.Fatal(err)
	}
	return u
}

// waits says whether kubectl wait is content with the object at once.
func waits(t *testing.T, object client.Object) bool {
	t.Helper()
	kind, err := apiutil.GVKForObject(object, world.scheme)
	if err != nil {
		t.Fatal(err)
	}
	cmd := kubectl(t, "wait", strings.ToLower(kind.Kind)+"/"+object.GetName(), "-n", object.GetNamespace(),
		"--for=condition=Ready", "--timeout=0s")
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "timed out") && !strings.Contains(string(out), "condition not met") {
		t.Fatalf("kubectl wait: %v: %s", err, out)
	}
	return err == nil
}

// kubectl returns a command of the kubectl that came with the API server.
func kubectl(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+world.kubeconfig)
	return cmd
}

// argoHealth runs the script as Argo CD does: with the object as a global, and no library that reaches
// outside.
func argoHealth(t *testing.T, u *unstructured.Unstructured) (health, message string) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "config", "argocd", "health.lua"))
	if err != nil {
		t.Fatal(err)
	}
	vm := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer vm.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.StringLibName: lua.OpenString,
	} {
		vm.Push(vm.NewFunction(open))
		vm.Push(lua.LString(name))
		vm.Call(1, 0)
	}
	vm.SetGlobal("obj", luaValue(vm, u.Object))
	if err := vm.DoString(string(script)); err != nil {
		t.Fatalf("the script: %v", err)
	}
	answer, ok := vm.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("expected the script to return a table, found %s", vm.Get(-1))
	}
	return answer.RawGetString("status").String(), answer.RawGetString("message").String()
}

// luaValue gives a script the object as Argo CD would.
func luaValue(vm *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case []any:
		table := vm.NewTable()
		for _, item := range v {
			table.Append(luaValue(vm, item))
		}
		return table
	case map[string]any:
		table := vm.NewTable()
		for name, item := range v {
			table.RawSetString(name, luaValue(vm, item))
		}
		return table
	}
	return lua.LNil
}

// fluxCurrent says whether the expressions that docs/gitops.md gives for rollouts that wait for health are
// content with an object. As in Flux, its fields are the variables.
func fluxCurrent(t *testing.T, u *unstructured.Unstructured) bool {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "gitops.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "healthCheckExprs:\n")
	text, _, found := strings.Cut(rest, "```")
	var checks []struct{ APIVersion, Kind, Current, InProgress, Failed string }
	if err := yaml.Unmarshal([]byte(text), &checks); err != nil || !found || len(checks) == 0 {
		t.Fatalf("expected healthCheckExprs in docs/gitops.md, found %v", err)
	}
	answers := map[string]bool{}
	for name, expression := range map[string]string{"failed": checks[0].Failed, "inProgress": checks[0].InProgress, "current": checks[0].Current} {
		answers[name] = evaluate(t, expression, u.Object)
	}
	return answers["current"] && !answers["inProgress"] && !answers["failed"]
}

func evaluate(t *testing.T, expression string, object map[string]any) bool {
	t.Helper()
	var variables []cel.EnvOption
	for name := range object {
		variables = append(variables, cel.Variable(name, cel.DynType))
	}
	env, err := cel.NewEnv(variables...)
	if err != nil {
		t.Fatal(err)
	}
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		t.Fatalf("%s: %v", expression, issues.Err())
	}
	program, err := env.Program(ast)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := program.Eval(object)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return answer.Value() == true
}

// TestTheScriptForArgoCDKnowsItsReasonsAndKinds holds the words of the script and the kinds that it is for
// against the tables.
func TestTheScriptForArgoCDKnowsItsReasonsAndKinds(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join("..", "config", "argocd", "health.lua"))
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`(?m)^  (\w+) = true,$`).FindAllStringSubmatch(string(script), -1)
	if len(reasons) == 0 {
		t.Error("expected reasons in the script")
	}
	for _, m := range reasons {
		if len(diagnosis.ForReason(m[1])) == 0 {
			t.Errorf("no diagnosis has the reason %s", m[1])
		}
	}
	kustomization, err := os.ReadFile(filepath.Join("..", "config", "argocd", "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	roles, err := os.ReadFile(filepath.Join("..", "config", "rbac", "aggregated_roles.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := crd.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range all {
		if line := "resource.customizations.health.mainstay.dev_" + definition.Spec.Names.Kind + "=health.lua"; !strings.Contains(string(kustomization), line) {
			t.Errorf("config/argocd: expected %s", line)
		}
		words := strings.FieldsFunc(string(roles), func(r rune) bool { return strings.ContainsRune("[], \n", r) })
		if !slices.Contains(words, definition.Spec.Names.Plural) {
			t.Errorf("config/rbac/aggregated_roles.yaml: expected %s among what may be edited", definition.Spec.Names.Plural)
		}
	}
}
