// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
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

	"mainstay.dev/mainstay/config/crd"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/target"
)

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
	for _, kind := range target.Kinds {
		if reason := diagnosis.Of(kind.None).Reason; !strings.Contains(string(script), "  "+reason+" = true,\n") {
			t.Errorf("expected the script to wait for what may be applied later: a set that requires a %s has the reason %s", kind.Name, reason)
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
