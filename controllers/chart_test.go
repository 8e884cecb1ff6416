// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// buildChartTools puts the tools of hack/chart on the PATH of the tests' shells.
func buildChartTools(t *testing.T) {
	t.Helper()
	if err := chartTools(); err != nil {
		t.Fatal(err)
	}
}

var chartTools = sync.OnceValue(func() error {
	for _, name := range []string{"helm", "kubeconform"} {
		// Go keeps tools that it has built, and this prints where.
		find := exec.Command("go", "tool", "-modfile=../hack/chart/go.mod", "-n", name)
		find.Stderr = os.Stderr
		path, err := find.Output()
		if err != nil {
			return fmt.Errorf("build %s: %w", name, err)
		}
		if err := os.Symlink(strings.TrimSpace(string(path)), filepath.Join(world.tools, name)); err != nil {
			return err
		}
	}
	return nil
})

// TestTheChartIsWhatKustomizeBuilds holds the two ways to install together, object by object. They differ in labels,
// and in the namespace, which Helm does not make.
func TestTheChartIsWhatKustomizeBuilds(t *testing.T) {
	t.Parallel()
	buildChartTools(t)
	s := newShell(t)
	s.must("helm lint --strict ../config/chart", "")
	const withPrometheus = "--set alerts.enabled=true,metrics.serviceMonitor.enabled=true," +
		"metrics.readers[0].namespace=monitoring,metrics.readers[0].name=prometheus-k8s"
	for values, kustomized := range map[string][]string{
		"":                                      {"kubectl kustomize ../config/default"},
		"--set watchSecrets=false":              {"kubectl kustomize ../config/get-only-secrets"},
		withPrometheus:                          {"kubectl kustomize ../config/default", "kubectl kustomize ../config/prometheus"},
		"--set metrics.podMonitor.enabled=true": {"kubectl kustomize ../config/default", "cat ../config/prometheus/pod_monitor.yaml"},
	} {
		want := map[string]string{}
		for _, command := range kustomized {
			maps.Copy(want, documents(t, s.must(command, "")))
		}
		delete(want, "Namespace mainstay-system")
		found := documents(t, s.must("helm template mainstay ../config/chart -n mainstay-system --set crds.keep=false "+values, ""))
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("expected the chart %s to hold what %v prints (-kustomize +chart):\n%s", values, kustomized, diff)
		}
	}
}

// documents returns the objects of a YAML stream by kind and name, in one way to write them and without the labels that
// say who installed them.
func documents(t *testing.T, stream string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for text := range strings.SplitSeq("\n"+stream, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if object.Object == nil {
			continue
		}
		aggregation := map[string]string{}
		for label, value := range object.GetLabels() {
			if strings.HasPrefix(label, "rbac.authorization.k8s.io/") {
				aggregation[label] = value
			}
		}
		object.SetLabels(aggregation)
		forget(object.Object, "app.kubernetes.io/instance")
		written, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		found[object.GetKind()+" "+object.GetName()] = string(written)
	}
	return found
}

// forget removes a key wherever it stands.
func forget(value any, key string) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, key)
		for _, inner := range v {
			forget(inner, key)
		}
	case []any:
		for _, inner := range v {
			forget(inner, key)
		}
	}
}

// TestEveryValueOfTheChartHasASchema holds values.yaml and its schema together.
func TestEveryValueOfTheChartHasASchema(t *testing.T) {
	t.Parallel()
	var values map[string]any
	text, err := os.ReadFile(filepath.Join("..", "config", "chart", "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if text, err = os.ReadFile(filepath.Join("..", "config", "chart", "values.schema.json")); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	values["global"] = nil // Helm's own.
	sameKeys(t, "values", values, schema)
}

func sameKeys(t *testing.T, path string, values, schema map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	if properties == nil {
		return
	}
	if schema["additionalProperties"] != false {
		t.Errorf("%s: expected a typo to be refused", path)
	}
	for key, each := range properties {
		property := each.(map[string]any)
		value, has := values[key]
		if !has {
			t.Errorf("%s.%s: in the schema, and not in values.yaml", path, key)
		}
		if property["properties"] == nil && property["description"] == nil {
			t.Errorf("%s.%s: expected a description", path, key)
		}
		if inner, is := value.(map[string]any); is {
			sameKeys(t, path+"."+key, inner, property)
		}
	}
	for key := range values {
		if properties[key] == nil {
			t.Errorf("%s.%s: in values.yaml, and not in the schema", path, key)
		}
	}
}

// TestValuesOfTheChart renders the chart with values, and has an API server try what comes of it.
func TestValuesOfTheChart(t *testing.T) {
	t.Parallel()
	buildChartTools(t)
	s := newShell(t)
	for name, c := range map[string]struct {
		values     string
		has, lacks []string
	}{
		"every switch off": {
			values: "--set crds.enabled=false,rbac.aggregate=false,metrics.enabled=false,networkPolicy.enabled=false,podDisruptionBudget.enabled=false",
			has:    []string{"kind: ClusterRoleBinding", "--metrics-addr=0"},
			lacks:  []string{"CustomResourceDefinition", "NetworkPolicy", "PodDisruptionBudget", "metrics-auth", "aggregate-to"},
		},
		"some namespaces": {
			values: "--set 'namespaces={default,kube-public}',metrics.enabled=false,rbac.aggregate=false,crds.enabled=false",
			has:    []string{"--watch-namespaces=default,kube-public", "namespace: kube-public"},
			lacks:  []string{"kind: ClusterRole"},
		},
		"a shard": {
			values: "--set labelSelector='shard notin (a\\,b)'",
			has:    []string{`"--watch-label-selector=shard notin (a,b)"`},
		},
		"ranges that are never probed": {
			values: "--set 'denyCIDRs={2001:db8:7::/48,34.118.224.0/20}'",
			has:    []string{`"--deny-cidr=2001:db8:7::/48,34.118.224.0/20"`},
		},
		"CRDs that stay": {
			has: []string{"helm.sh/resource-policy: keep"},
		},
		"all that a Pod may have": {
			values: `--set-json 'tolerations=[{"operator":"Exists"}]' --set-json 'nodeSelector={"kubernetes.io/os":"linux"}' ` +
				`--set-json 'affinity={"podAntiAffinity":{}}' --set-json 'imagePullSecrets=[{"name":"registry"}]' ` +
				`--set-json 'env=[{"name":"HTTPS_PROXY","value":"http://proxy:3128"}]' --set 'extraArgs={--allow-http}' ` +
				`--set podLabels.team=shop,podAnnotations.note=x,priorityClassName=system-cluster-critical,serviceAccount.annotations.role=x`,
			has: []string{"--allow-http", "HTTPS_PROXY", "team: shop", "registry"},
		},
	} {
		text := s.must("helm template mainstay ../config/chart -n default "+c.values, "")
		for _, part := range c.has {
			if !strings.Contains(text, part) {
				t.Errorf("%s: expected %q in:\n%s", name, part, text)
			}
		}
		for _, part := range c.lacks {
			if strings.Contains(text, part) {
				t.Errorf("%s: expected no %q in:\n%s", name, part, text)
			}
		}
		s.must("kubectl apply --dry-run=server --server-side --force-conflicts --validate=strict -f -", text)
	}
}

// TestValuesThatTheChartRefuses holds that a mistake is told before anything is installed.
func TestValuesThatTheChartRefuses(t *testing.T) {
	t.Parallel()
	buildChartTools(t)
	s := newShell(t)
	for mistake, says := range map[string]string{
		"watchSecret=false":          "watchSecret",
		"replicas=two":               "replicas",
		"namespaces={Shop!}":         "namespaces",
		"denyCIDRs={10.0.0.1}":       "denyCIDRs",
		"image.pullPolicy=Sometimes": "pullPolicy",
		"metrics.enabled=false,metrics.serviceMonitor.enabled=true": "expected metrics.enabled",
		"metrics.serviceMonitor.enabled=true":                       "expected metrics.readers",
	} {
		if out, code := s.run("helm template mainstay ../config/chart --set '"+mistake+"'", ""); code == 0 || !strings.Contains(out, says) {
			t.Errorf("expected %s to be refused with %q, found exit code %d and:\n%s", mistake, says, code, out)
		}
	}
}

// TestTheReleaseRunsTheImageThatItIsPackedFor packs a release, and looks for the image in both ways to install it.
func TestTheReleaseRunsTheImageThatItIsPackedFor(t *testing.T) {
	t.Parallel()
	buildChartTools(t)
	s := newShell(t)
	const image = "registry.example.com:5000/team/mainstay:v1.2.3"
	s.must("../hack/package.sh "+image+" v1.2.3", "")
	for _, command := range []string{"cat ../bin/install.yaml", "helm template mainstay ../bin/mainstay-1.2.3.tgz"} {
		text := documents(t, s.must(command, ""))["Deployment mainstay-manager"]
		if !strings.Contains(text, "image: "+image+"\n") {
			t.Errorf("%s: expected the image %s in:\n%s", command, image, text)
		}
	}
	if out, code := s.run("../hack/package.sh registry.example.com:5000/mainstay v1", ""); code == 0 || !strings.Contains(out, "expected an image with a tag") {
		t.Errorf("expected an image without a tag to be refused, found exit code %d:\n%s", code, out)
	}
}
