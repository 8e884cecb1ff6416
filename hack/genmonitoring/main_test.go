// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/controllers"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// root is the repository.
var root = filepath.Join("..", "..")

func TestFilesAreUpToDate(t *testing.T) {
	for path, write := range files {
		want, err := write()
		if err != nil {
			t.Fatal(err)
		}
		found, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			t.Fatalf("run `make generate`: %v", err)
		}
		if diff := cmp.Diff(string(want), string(found)); diff != "" {
			t.Errorf("%s is out of date, run `make generate` (-generated +found):\n%s", path, diff)
		}
	}
}

// TestTheRulesAreAPrometheusRule reads them with the types of the Prometheus Operator, which know every field.
func TestTheRulesAreAPrometheusRule(t *testing.T) {
	var rule monitoringv1.PrometheusRule
	var monitor monitoringv1.ServiceMonitor
	var pods monitoringv1.PodMonitor
	for name, into := range map[string]any{"rules.yaml": &rule, "service_monitor.yaml": &monitor, "pod_monitor.yaml": &pods} {
		text, err := os.ReadFile(filepath.Join(root, "config", "prometheus", name))
		if err != nil {
			t.Fatal(err)
		}
		// What a monitor needs comes before it.
		documents := bytes.Split(text, []byte("\n---\n"))
		if err := yaml.UnmarshalStrict(documents[len(documents)-1], into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if rule.Kind != "PrometheusRule" || len(rule.Spec.Groups) != 2 {
		t.Errorf("expected a PrometheusRule of two groups, found %s of %d", rule.Kind, len(rule.Spec.Groups))
	}
	if monitor.Kind != "ServiceMonitor" || len(monitor.Spec.Endpoints) != 1 || !monitor.Spec.Endpoints[0].HonorLabels {
		t.Error("expected a ServiceMonitor that honors labels, or alerts name the namespace of the operator")
	}
	if pods.Kind != "PodMonitor" || len(pods.Spec.PodMetricsEndpoints) != 1 || !pods.Spec.PodMetricsEndpoints[0].HonorLabels {
		t.Error("expected a PodMonitor that honors labels")
	}
}

// TestAlertsSayAllThatTheyHaveTo holds every alert against what whoever is woken by it needs.
func TestAlertsSayAllThatTheyHaveTo(t *testing.T) {
	leftover := regexp.MustCompile(`[^{]\{\w|\w\}[^}]|\[|\]|  |\w \.(\s|$)|<nil>|%!`)
	for _, r := range alerts() {
		name := r.Alert + " " + r.Labels["reason"]
		if r.Labels["severity"] == "" && !strings.Contains(r.Expr, "severity") && !strings.Contains(r.Expr, unhealthyCount) {
			t.Errorf("%s: expected a severity", name)
		}
		for _, annotation := range []string{"summary", "description", "advice"} {
			text := r.Annotations[annotation]
			if text == "" {
				t.Errorf("%s: expected a %s", name, annotation)
			}
			if found := leftover.FindString(text); found != "" {
				t.Errorf("%s: %s: found %q in %q", name, annotation, found, text)
			}
		}
	}
}

// others are metrics that the rules read and that are not the operator's own.
var others = []string{
	"leader_election_master_status", "controller_runtime_reconcile_errors_total", "kube_lease_renew_time", "kube_lease_owner",
	"kube_customresource_mainstay_dependency_info",
}

var metricName = regexp.MustCompile(`\b(mainstay_\w+|kube_\w+|controller_runtime_\w+|leader_election_\w+)\b`)

func TestRulesReadMetricsThatExist(t *testing.T) {
	for _, group := range spec().Groups {
		for _, r := range group.Rules {
			knowsMetricsOf(t, r.Alert+r.Record, r.Expr)
		}
	}
}

// knowsMetricsOf fails for a metric that nobody exposes.
func knowsMetricsOf(t *testing.T, where, expr string) {
	t.Helper()
	for _, name := range metricName.FindAllString(expr, -1) {
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, suffix)
		}
		known := slices.ContainsFunc(controllers.Families(), func(f controllers.Family) bool { return f.Name == name })
		if !known && !slices.Contains(others, name) {
			t.Errorf("%s reads %s, which nobody exposes", where, name)
		}
	}
}

// alerts are all rules that raise one.
func alerts() []rule {
	var found []rule
	for _, group := range spec().Groups {
		for _, r := range group.Rules {
			if r.Alert != "" {
				found = append(found, r)
			}
		}
	}
	return found
}

// tool returns the path of a program of Prometheus or Alertmanager.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	providertest.Need(t, err == nil, name)
	return path
}

// plainRules writes the rules as Prometheus reads them.
func plainRules(t *testing.T) string {
	t.Helper()
	text, err := yaml.Marshal(spec())
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "rules.yaml", string(text))
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	mustRun(t, "promtool", "check", "rules", "--lint=all", "--lint-fatal", plainRules(t))
}

func TestAmtoolAcceptsTheInhibitRules(t *testing.T) {
	out := mustRun(t, "amtool", "check-config", write(t, "alertmanager.yml", alertmanagerConfig(t)))
	if !strings.Contains(out, "SUCCESS") || !strings.Contains(out, "inhibit rules") {
		t.Errorf("expected amtool to find inhibit rules, found %s", out)
	}
}

// alertmanagerConfig is the least that holds the inhibit rules which ship.
func alertmanagerConfig(t *testing.T) string {
	t.Helper()
	shipped, err := os.ReadFile(filepath.Join(root, "config", "prometheus", "inhibit_rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n" + string(shipped)
}
