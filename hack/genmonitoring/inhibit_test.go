// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestInhibitionsNameAlertsThatExist finds an alert that was renamed.
func TestInhibitionsNameAlertsThatExist(t *testing.T) {
	for _, i := range inhibitions {
		for _, name := range append(named(i.Source), named(i.Target)...) {
			if !slices.ContainsFunc(alerts(), func(r rule) bool { return r.Alert == name }) {
				t.Errorf("%s: no alert is called %s", i.Why, name)
			}
		}
	}
}

func named(matchers []string) []string { return alertName.FindAllString(matchers[0], -1) }

// TestSymptomsAreQuietWhileTheirCauseIsToldOf has a real Alertmanager with the rules that ship take cause and
// symptoms, and symptoms of something else.
func TestSymptomsAreQuietWhileTheirCauseIsToldOf(t *testing.T) {
	for _, i := range inhibitions {
		for _, cause := range named(i.Source) {
			t.Run(cause+": "+i.Why, func(t *testing.T) {
				t.Parallel()
				manager := startAlertmanager(t)
				posted := []map[string]string{labelled(cause, i.Source[1:], "shop")}
				for _, symptom := range named(i.Target) {
					posted = append(posted, labelled(symptom, i.Target[1:], "shop"))
					if len(i.Equal) > 0 {
						posted = append(posted, labelled(symptom, i.Target[1:], "elsewhere"))
					}
				}
				manager.post(posted)
				manager.await(len(posted), func(labels map[string]string, suppressed bool) bool {
					return suppressed == (labels["alertname"] != cause && labels["namespace"] == "shop")
				})
			})
		}
	}
}

var equals = regexp.MustCompile(`^(\w+) = "(.*)"$`)

// labelled are the labels of an alert that matches, about something in a namespace.
func labelled(alert string, matchers []string, namespace string) map[string]string {
	labels := map[string]string{"alertname": alert, "namespace": namespace, "provider": "OpenAI", "secret": "openai", "reason": "TimedOut"}
	for _, m := range matchers {
		found := equals.FindStringSubmatch(m)
		labels[found[1]] = found[2]
	}
	return labels
}

// manager is an Alertmanager of a test's own.
type manager struct {
	*testing.T
	url string
}

func startAlertmanager(t *testing.T) manager {
	t.Helper()
	program := tool(t, "prometheus-alertmanager")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	command := exec.Command(program, "--config.file="+write(t, "alertmanager.yml", alertmanagerConfig(t)), "--storage.path="+t.TempDir(),
		"--web.listen-address="+address, "--cluster.listen-address=")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	m := manager{t, "http://" + address}
	m.until("it is ready", func() bool {
		answer, err := http.Get(m.url + "/-/ready")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
	return m
}

// until asks again and again, since Alertmanager tells nobody by itself.
func (m manager) until(what string, is func() bool) {
	m.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.Fatalf("waited in vain until %s", what)
		}
	}
}

func (m manager) post(labels []map[string]string) {
	m.Helper()
	var alerts []map[string]any
	for _, l := range labels {
		alerts = append(alerts, map[string]any{"labels": l})
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		m.Fatal(err)
	}
	answer, err := http.Post(m.url+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		m.Fatalf("posting alerts: status %d", answer.StatusCode)
	}
}

// await waits until all alerts are there, each as it should be.
func (m manager) await(n int, right func(labels map[string]string, suppressed bool) bool) {
	m.Helper()
	var last strings.Builder
	m.Cleanup(func() {
		if m.Failed() {
			m.Logf("last seen:\n%s", last.String())
		}
	})
	m.until("alerts are told of, and not, as they should be", func() bool {
		answer, err := http.Get(m.url + "/api/v2/alerts")
		if err != nil {
			return false
		}
		defer func() { _ = answer.Body.Close() }()
		var alerts []struct {
			Labels map[string]string `json:"labels"`
			Status struct {
				State string `json:"state"`
			} `json:"status"`
		}
		if err := json.NewDecoder(answer.Body).Decode(&alerts); err != nil {
			return false
		}
		last.Reset()
		all := len(alerts) == n
		for _, a := range alerts {
			last.WriteString(a.Status.State + " " + a.Labels["alertname"] + " in " + a.Labels["namespace"] + "\n")
			all = all && right(a.Labels, a.Status.State == "suppressed")
		}
		return all
	})
}
