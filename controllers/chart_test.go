// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// buildTools puts the tools of hack/chart on the PATH of the tests' shells.
func buildTools(t *testing.T) {
	t.Helper()
	if err := chartTools(); err != nil {
		t.Fatal(err)
	}
}

var chartTools = sync.OnceValue(func() error {
	for _, name := range []string{"helm", "kubeconform"} {
		// Go keeps tools that it has built, and this prints where.
		find := exec.Command("go", "tool", "-n", name)
		find.Dir = filepath.Join("..", "hack", "chart")
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
	buildTools(t)
	s := newShell(t)
	s.must("helm lint --strict ../config/chart", "")
	charted := documents(t, s.must("helm template mainstay ../config/chart -n mainstay-system --set crds.keep=false", ""))
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join("..", "config", "default"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	kustomized := documents(t, string(text))
	delete(kustomized, "Namespace mainstay-system")
	if diff := cmp.Diff(kustomized, charted); diff != "" {
		t.Errorf("expected the chart to hold what kustomize builds (-kustomize +chart):\n%s", diff)
	}
}

// documents returns the objects of a YAML stream by kind and name, without the labels that say who installed them.
func documents(t *testing.T, stream string) map[string]any {
	t.Helper()
	found := map[string]any{}
	for _, text := range strings.Split("\n"+stream, "\n---\n") {
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
		found[object.GetKind()+" "+object.GetName()] = object.Object
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

// TestValuesOfTheChart installs the chart with values on an API server that only tries it, and refuses what is unknown.
func TestValuesOfTheChart(t *testing.T) {
	buildTools(t)
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
			values: "--set 'namespaces={shop,blog}',metrics.enabled=false,rbac.aggregate=false,crds.enabled=false",
			has:    []string{"--watch-namespaces=shop,blog", "namespace: shop", "namespace: blog"},
			lacks:  []string{"kind: ClusterRole"},
		},
		"a shard": {
			values: "--set labelSelector='shard notin (a\\,b)'",
			has:    []string{`"--watch-label-selector=shard notin (a,b)"`},
		},
		"Secrets by name": {
			values: "--set watchSecrets=false",
			has:    []string{"--watch-secrets=false"},
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
		t.Run(name, func(t *testing.T) {
			s := s
			s.T = t
			text := s.must("helm template mainstay ../config/chart -n default "+c.values, "")
			for _, part := range c.has {
				if !strings.Contains(text, part) {
					t.Errorf("expected %q in:\n%s", part, text)
				}
			}
			for _, part := range c.lacks {
				if strings.Contains(text, part) {
					t.Errorf("expected no %q in:\n%s", part, text)
				}
			}
			if strings.Contains(text, "namespace: shop") {
				s.must("kubectl create namespace shop --dry-run=client -o yaml | kubectl apply -f - && kubectl create namespace blog --dry-run=client -o yaml | kubectl apply -f -", "")
			}
			s.must("kubectl apply --dry-run=server --server-side --force-conflicts --validate=strict -f -", text)
		})
	}
	for typo, says := range map[string]string{
		"watchSecret=false":          "watchSecret",
		"replicas=two":               "replicas",
		"namespaces={Shop!}":         "namespaces",
		"image.pullPolicy=Sometimes": "pullPolicy",
	} {
		if out, code := s.run("helm template mainstay ../config/chart --set '"+typo+"'", ""); code == 0 || !strings.Contains(out, says) {
			t.Errorf("expected %s to be refused with %q, found exit code %d and:\n%s", typo, says, code, out)
		}
	}
}
