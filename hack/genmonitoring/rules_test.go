// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
)

// scene is what Prometheus has seen, and the alerts that fire then.
type scene struct {
	// series are in the notation of promtool, one value a minute.
	series []string
	after  string
	// fire are the labels of each alert, after its name.
	fire []string
}

// running is what an operator shows that does nothing.
var running = []string{
	"mainstay_probes_in_flight 0x200", "mainstay_cluster_egress_down 0x200",
	`leader_election_master_status{name="mainstay", pod="a"} 1x200`, `leader_election_master_status{name="mainstay", pod="b"} 0x200`,
}

// verdict is the series of an unhealthy dependency.
func verdict(name, labels string) string {
	return fmt.Sprintf(`mainstay_dependency_verdict{kind="AIProvider", namespace="shop", name=%q, provider="OpenAI", secret="openai", %s} 1x200`, name, labels)
}

func set(name, healthy, reason string) string {
	return fmt.Sprintf(`mainstay_dependency_set_verdict{namespace="shop", name=%q, healthy=%q, ready=%q, reason=%q} 1x200`, name, healthy, healthy, reason)
}

func member(of, name, labels string) string {
	return fmt.Sprintf(`mainstay_dependency_set_member{namespace="shop", set=%q, kind="AIProvider", name=%q, %s} 1x200`, of, name, labels)
}

const (
	revoked      = `ready="False", healthy="False", reason="APIKeyRevokedOrExpired", blame="Owner"`
	revokedAlert = alertUnhealthy + `{blame="Owner", namespace="shop", provider="OpenAI", reason="APIKeyRevokedOrExpired", secret="openai", stage="Authenticated", severity=%q}`
	revokedThere = `importance=%q, provider="OpenAI", ready="False", healthy="False", reason="APIKeyRevokedOrExpired"`
	setAlert     = alertSet + `{name="checkout", namespace="shop", reason=%q, severity="critical"}`
)

// scenes are the stories of the alerts. That of everyReason goes through the table.
func scenes() map[string]scene {
	all := map[string]scene{
		"nothing is wrong": {series: []string{verdict("a", `ready="True", healthy="True", reason="Passed"`)}, after: "60m"},
		"forty objects with one revoked key are one alert": {
			series: func() (forty []string) {
				for i := range 40 {
					forty = append(forty, verdict(fmt.Sprint("a", i), revoked))
				}
				return forty
			}(),
			after: "3m", fire: []string{fmt.Sprintf(revokedAlert, "warning")},
		},
		"one of three is required by an app that is down for it": {
			series: []string{
				verdict("a", revoked), verdict("b", revoked), verdict("c", revoked), set("checkout", "False", "APIKeyRevokedOrExpired"),
				member("checkout", "b", fmt.Sprintf(revokedThere, "Required")),
			},
			after: "5m", fire: []string{fmt.Sprintf(revokedAlert, "critical"), fmt.Sprintf(setAlert, "APIKeyRevokedOrExpired")},
		},
		"an app does only less without it": {
			series: []string{verdict("a", revoked), set("checkout", "True", "Passed"), member("checkout", "a", fmt.Sprintf(revokedThere, "Optional"))},
			after:  "5m", fire: []string{fmt.Sprintf(revokedAlert, "warning")},
		},
		"others stand in for what is required": {
			series: []string{verdict("a", revoked), set("checkout", "True", "Passed"), member("checkout", "a", fmt.Sprintf(revokedThere, "Required"))},
			after:  "5m", fire: []string{fmt.Sprintf(revokedAlert, "warning")},
		},
		"two Secrets are two faults": {
			series: []string{verdict("a", revoked), strings.Replace(verdict("b", revoked), `secret="openai"`, `secret="other"`, 1)},
			after:  "3m", fire: []string{
				fmt.Sprintf(revokedAlert, "warning"), fmt.Sprintf(strings.Replace(revokedAlert, `secret="openai"`, `secret="other"`, 1), "warning"),
			},
		},
		"an app requires what nobody declared": {
			series: []string{
				set("checkout", "False", "NoAIProvider"),
				member("checkout", "", `importance="Required", ready="False", healthy="False", reason="NoAIProvider"`),
			},
			after: "5m", fire: []string{
				alertUnhealthy + `{blame="Owner", namespace="shop", reason="NoAIProvider", severity="critical", stage="Configured"}`,
				fmt.Sprintf(setAlert, "NoAIProvider"),
			},
		},
		"an app cannot use an object that is healthy": {
			series: []string{
				verdict("a", `ready="True", healthy="True", reason="Passed"`), set("checkout", "False", "ProviderNotSupported"),
				member("checkout", "a", `importance="Required", provider="OpenAI", ready="False", healthy="False", reason="ProviderNotSupported"`),
			},
			after: "5m", fire: []string{
				alertUnhealthy + `{blame="Owner", namespace="shop", provider="OpenAI", reason="ProviderNotSupported", severity="critical", stage="Configured"}`,
				fmt.Sprintf(setAlert, "ProviderNotSupported"),
			},
		},
		"a fault that is mended in time wakes nobody": {
			series: []string{strings.Replace(verdict("a", revoked), "1x200", "1 stale", 1)}, after: "2m",
		},
		"a credential has two days left": {
			series: []string{`mainstay_credential_expiry_time_seconds{kind="PublicAPI", namespace="shop", name="a", provider="Bearer", secret="s"} 172800x200`},
			after:  "20m", fire: []string{alertExpiring + `{namespace="shop", provider="Bearer", secret="s", severity="warning"}`},
		},
		"a credential that an app requires has two days left": {
			series: []string{
				`mainstay_credential_expiry_time_seconds{kind="AIProvider", namespace="shop", name="a", provider="OpenAI", secret="s"} 172800x200`,
				member("checkout", "a", `importance="Required", provider="OpenAI", ready="True", healthy="True", reason="Passed"`),
			},
			after: "20m", fire: []string{alertExpiring + `{namespace="shop", provider="OpenAI", secret="s", severity="critical"}`},
		},
		"a credential has a week left": {
			series: []string{`mainstay_credential_expiry_time_seconds{kind="PublicAPI", namespace="shop", name="a", provider="Bearer", secret="s"} 604800x200`}, after: "20m",
		},
		"little is left of a limit": {
			series: []string{
				`mainstay_provider_limit{kind="PublicAPI", namespace="shop", name="a", provider="DevSphere", resource="requests"} 120x200`,
				`mainstay_provider_remaining{kind="PublicAPI", namespace="shop", name="a", provider="DevSphere", resource="requests"} 5x200`,
			},
			after: "20m", fire: []string{alertHeadroom + `{namespace="shop", provider="DevSphere", resource="requests", severity="warning"}`},
		},
		"a credential's budget is too small for all that share it": {
			series: []string{`mainstay_probe_effective_period_seconds{kind="AIProvider", namespace="shop", name="a", provider="OpenAI", secret="s"} 300x200`},
			after:  "70m", fire: []string{alertStretched + `{namespace="shop", provider="OpenAI", secret="s", severity="info"}`},
		},
	}
	maps.Copy(all, operatorScenes)
	all["everything goes wrong"] = everyReason()
	return all
}

// without returns what a running operator shows, less the series that begin so.
func without(prefix string) []string {
	return append([]string{"instead"}, slices.DeleteFunc(slices.Clone(running), func(s string) bool { return strings.HasPrefix(s, prefix) })...)
}

func mainstayAlert(name, severity string) string {
	return fmt.Sprintf(`%s{blame="Mainstay", severity=%q}`, name, severity)
}

// lease is what kube-state-metrics shows of a Lease.
func lease(namespace, name, holder, renewed string) []string {
	return []string{
		fmt.Sprintf(`kube_lease_renew_time{namespace=%q, lease=%q} %s`, namespace, name, renewed),
		fmt.Sprintf(`kube_lease_owner{namespace=%q, lease=%q, owner_kind="", owner_name="", lease_holder=%q} 1x200`, namespace, name, holder),
	}
}

// operatorScenes are about Mainstay itself.
var operatorScenes = map[string]scene{
	"nothing of the operator is scraped": {series: []string{"instead"}, after: "10m", fire: []string{mainstayAlert(alertAbsent, "critical")}},
	"replicas run and none leads": {
		series: append(without("leader"), `leader_election_master_status{name="mainstay", pod="a"} 0x200`, `leader_election_master_status{name="mainstay-0badcafe", pod="b"} 1x200`),
		after:  "5m", fire: []string{alertNoLeader + `{blame="Mainstay", name="mainstay", severity="critical"}`},
	},
	"of two installations one leads": {
		series: append(without("leader"), `leader_election_master_status{name="mainstay", namespace="one", pod="a"} 1x200`, `leader_election_master_status{name="mainstay", namespace="two", pod="a"} 0x200`),
		after:  "5m", fire: []string{alertNoLeader + `{blame="Mainstay", name="mainstay", namespace="two", severity="critical"}`},
	},
	"the Lease is not renewed": {
		series: append(lease("system", "mainstay", "pod", "0x200"), lease("system", "other", "pod", "0x200")...),
		after:  "5m", fire: []string{alertLease + `{blame="Mainstay", lease="mainstay", namespace="system", severity="critical"}`},
	},
	"of two Leases of one name one is not renewed": {
		series: append(lease("one", "mainstay", "pod", "0+60x200"), lease("two", "mainstay", "pod", "0x200")...),
		after:  "5m", fire: []string{alertLease + `{blame="Mainstay", lease="mainstay", namespace="two", severity="critical"}`},
	},
	"the Lease is renewed": {series: lease("system", "mainstay", "pod", "0+60x200"), after: "10m"},
	"a Lease was given up, as by a shard that is no more": {
		series: append(lease("system", "mainstay-0badcafe", "", "0x200"), lease("system", "mainstay", "pod", "0+60x200")...), after: "60m",
	},
	"the cluster has no way out": {
		series: append(without("mainstay_cluster"), "mainstay_cluster_egress_down 1x200"),
		after:  "5m", fire: []string{alertEgress + `{blame="Network", reason="ClusterEgressDown", severity="critical"}`},
	},
	"proofs are too old": {
		series: []string{verdict("a", `ready="True", healthy="Unknown", reason="ProofTooOld", blame="Mainstay"`)},
		after:  "5m", fire: []string{alertStale + `{blame="Mainstay", reason="ProofTooOld", severity="critical"}`},
	},
	"an object has no verdict": {
		series: []string{
			verdict("a", `ready="True", healthy="True", reason="Passed"`),
			`kube_customresource_mainstay_dependency_info{kind="AIProvider", namespace="shop", name="a"} 1x200`,
			`kube_customresource_mainstay_dependency_info{kind="AIProvider", namespace="shop", name="b"} 1x200`,
		},
		after: "20m", fire: []string{alertNotSeen + `{blame="Mainstay", namespace="shop", severity="warning"}`},
	},
	"verdicts are lost on the way": {
		series: []string{`mainstay_probes_total{outcome="sent"} 0+5x200`},
		after:  "25m", fire: []string{mainstayAlert(alertVerdictsAbsent, "warning")},
	},
	"nothing is declared, so there are no verdicts": {series: []string{`mainstay_probes_total{outcome="sent"} 0x200`}, after: "25m"},
	"Prometheus renames labels": {
		series: []string{`mainstay_dependency_verdict{namespace="mainstay-system", exported_namespace="shop", healthy="True"} 1x200`},
		after:  "10m", fire: []string{mainstayAlert(alertLabelsNotHonored, "warning")},
	},
	"probes begin late": {
		series: []string{`mainstay_probe_schedule_lag_seconds_bucket{le="30"} 0x200`, `mainstay_probe_schedule_lag_seconds_bucket{le="120"} 0+9x200`, `mainstay_probe_schedule_lag_seconds_bucket{le="+Inf"} 0+9x200`},
		after:  "30m", fire: []string{mainstayAlert(alertLate, "warning")},
	},
	"probes are skipped": {series: []string{"mainstay_probes_skipped_total 0+1x200"}, after: "20m", fire: []string{mainstayAlert(alertSkipped, "warning")}},
	"Mainstay itself cannot probe": {
		series: []string{verdict("a", `ready="True", healthy="Unknown", reason="ProbeFailed", blame="Mainstay"`)},
		after:  "3m", fire: []string{
			alertUndecided + `{blame="Mainstay", namespace="shop", provider="OpenAI", reason="ProbeFailed", secret="openai", severity="warning", stage="Reachable"}`,
		},
	},
	"a provider limits our own requests": {
		series: []string{`mainstay_probes_total{outcome="own_requests"} 0+1x200`, verdict("a", `ready="True", healthy="True", reason="Passed"`)},
		after:  "20m", fire: []string{mainstayAlert(alertOwnRequests, "warning")},
	},
	"the API server refuses writes": {
		series: []string{`controller_runtime_reconcile_errors_total{controller="aiprovider"} 0+1x200`, `controller_runtime_reconcile_errors_total{controller="certificates"} 0+1x200`},
		after:  "30m", fire: []string{alertReconcile + `{blame="Mainstay", controller="aiprovider", severity="warning"}`},
	},
}

// everyReason is the scene in which everything goes wrong: an object for each reason of the table.
func everyReason() (all scene) {
	all.after = "70m"
	for i, d := range diagnosis.All() {
		name, severity, healthy := alertUnhealthy, "warning", "False"
		switch {
		case slices.Contains(inDoubt, d.Symptom):
			continue // These have stories of their own.
		case d.Doubts():
			name, severity, healthy = alertUndecided, "info", "Unknown"
			if d.Reason == v1alpha1.ReasonProbeFailed {
				severity = "warning"
			}
		case d.Warns():
			name, healthy = alertWarning, "True"
		case !d.Fails():
			continue // Nothing has to be mended.
		}
		series := verdict(fmt.Sprint("a", i), fmt.Sprintf(`healthy=%q, ready="True", reason=%q, blame=%q`, healthy, d.Reason, d.Blame))
		if d.Warns() {
			series = strings.Replace(series, "_verdict", "_warning", 1)
		}
		fires := fmt.Sprintf(`%s{blame=%q, namespace="shop", provider="OpenAI", reason=%q, secret="openai", severity=%q, stage=%q}`,
			name, d.Blame, d.Reason, severity, d.Symptom.Stage())
		all.series = append(all.series, series)
		if !slices.Contains(all.fire, fires) {
			all.fire = append(all.fire, fires)
		}
	}
	return all
}

// promtool's own notation of tests.
type (
	ruleTests struct {
		RuleFiles []string   `json:"rule_files"`
		Interval  string     `json:"evaluation_interval"`
		Tests     []ruleTest `json:"tests"`
	}
	ruleTest struct {
		Interval string           `json:"interval"`
		Series   []inputSeries    `json:"input_series"`
		Exprs    []expectedExpr   `json:"promql_expr_test,omitempty"`
		Alerts   []map[string]any `json:"alert_rule_test,omitempty"`
	}
	inputSeries struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	expectedExpr struct {
		Expr    string           `json:"expr"`
		At      string           `json:"eval_time"`
		Samples []expectedSample `json:"exp_samples"`
	}
	expectedSample struct {
		Labels string `json:"labels"`
		Value  int    `json:"value"`
	}
)

func (s scene) input() []inputSeries {
	series := append(slices.Clone(running), s.series...)
	if s.series != nil && s.series[0] == "instead" {
		series = s.series[1:]
	}
	input := make([]inputSeries, len(series))
	for i, line := range series {
		at := strings.LastIndex(line, "}") + 1
		if at == 0 {
			at = strings.Index(line, " ")
		}
		input[i] = inputSeries{line[:at], strings.TrimSpace(line[at:])}
	}
	return input
}

// TestAlertsFireWhenTheyHaveTo has promtool play every scene. All that fires has to be expected.
func TestAlertsFireWhenTheyHaveTo(t *testing.T) {
	tests := ruleTests{RuleFiles: []string{plainRules(t)}, Interval: "1m"}
	played := scenes()
	for _, name := range slices.Sorted(maps.Keys(played)) {
		s := played[name]
		want := expectedExpr{Expr: `ALERTS{alertstate="firing"}`, At: s.after}
		for _, labels := range s.fire {
			alert, rest, _ := strings.Cut(labels, "{")
			want.Samples = append(want.Samples, expectedSample{fmt.Sprintf(`ALERTS{alertname=%q, alertstate="firing", %s`, alert, rest), 1})
		}
		tests.Tests = append(tests.Tests, ruleTest{Interval: "1m", Series: s.input(), Exprs: []expectedExpr{want}})
	}
	text, err := yaml.Marshal(tests)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "promtool", "test", "rules", write(t, "tests.yaml", string(text)))
}

// TestEveryAlertHasAScene fails for an alert that no scene has fire.
func TestEveryAlertHasAScene(t *testing.T) {
	fired := map[string]bool{}
	for _, s := range scenes() {
		for _, labels := range s.fire {
			alert, rest, _ := strings.Cut(labels, "{")
			fired[alert] = true
			for part := range strings.SplitSeq(strings.TrimSuffix(rest, "}"), ", ") {
				fired[alert+" "+part] = true
			}
		}
	}
	for _, a := range alerts() {
		name := a.Alert
		if reason := a.Labels["reason"]; reason != "" {
			name += fmt.Sprintf(" reason=%q", reason)
		}
		if !fired[name] {
			t.Errorf("expected a scene in which %s fires", name)
		}
	}
}

// TestAnAlertTellsCauseAndCure reads the words of one in full.
func TestAnAlertTellsCauseAndCure(t *testing.T) {
	s := scenes()["forty objects with one revoked key are one alert"]
	tests := ruleTests{RuleFiles: []string{plainRules(t)}, Interval: "1m", Tests: []ruleTest{{Interval: "1m", Series: s.input(), Alerts: []map[string]any{{
		"alertname": alertUnhealthy, "eval_time": s.after, "exp_alerts": []map[string]any{{
			"exp_labels": map[string]string{
				"blame": "Owner", "namespace": "shop", "provider": "OpenAI", "reason": "APIKeyRevokedOrExpired", "secret": "openai",
				"severity": "warning", "stage": "Authenticated",
			},
			"exp_annotations": map[string]string{
				"summary":     "shop: APIKeyRevokedOrExpired at OpenAI, Secret openai",
				"description": "Dependencies concerned: 40. OpenAI no longer accepts the credential in Secret openai, which it accepted before.",
				"advice":      "It was revoked or has expired: create a new one at OpenAI and put it there.",
			},
		}},
	}}}}}
	text, err := yaml.Marshal(tests)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "promtool", "test", "rules", write(t, "tests.yaml", string(text)))
}
