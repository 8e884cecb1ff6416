// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// TestARevokedKeyIsOneAlert runs the operator as its own process, with Prometheus, which scrapes its metrics as
// a ServiceAccount, and Alertmanager, which notifies the test.
func TestARevokedKeyIsOneAlert(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"prometheus", "prometheus-alertmanager", "promtool"} {
		installed(t, program)
	}
	namespace, credential := newNamespace(t), key(t)
	w := watchtower{T: t, folder: t.TempDir(), namespace: namespace, metrics: unusedAddress(t)}
	w.startOperator()
	w.startAlertmanager()
	w.startPrometheus()

	three := make([]*v1alpha1.AIProvider, 3)
	create(t, secret(namespace, credential))
	for i := range three {
		three[i] = openAI(namespace)
		three[i].Name, three[i].Labels = fmt.Sprint("assistant-", i), map[string]string{aloneLabel: namespace}
		three[i].Spec.FailureThreshold, three[i].Spec.PeriodSeconds = 1, 10
		create(t, three[i])
		waitForReason(t, three[i], v1alpha1.ReasonPassed)
	}
	w.checkMetrics()

	world.vendors["OpenAI"].PlayFor(credential, providertest.Unauthorized)
	probeNow(t, three[0], "revoked")
	for _, ai := range three {
		waitForReason(t, ai, v1alpha1.ReasonAPIKeyRevokedOrExpired)
	}
	fired := w.notified("firing")
	want := map[string]string{
		"alertname": "MainstayDependencyUnhealthy", "namespace": namespace, "provider": "OpenAI", "secret": "credential",
		"reason": v1alpha1.ReasonAPIKeyRevokedOrExpired, "stage": "Authenticated", "blame": "Owner", "severity": "warning",
	}
	if diff := cmp.Diff(want, fired.Labels); diff != "" {
		t.Errorf("labels of the alert (-want +found):\n%s", diff)
	}
	for annotation, says := range map[string]string{
		"summary": "APIKeyRevokedOrExpired at OpenAI, Secret credential", "description": "which it accepted before", "advice": "create a new one at OpenAI",
	} {
		if !strings.Contains(fired.Annotations[annotation], says) {
			t.Errorf("%s: expected %q in %q", annotation, says, fired.Annotations[annotation])
		}
	}

	world.vendors["OpenAI"].PlayFor(credential, "")
	probeNow(t, three[0], "mended")
	for _, ai := range three {
		waitForReason(t, ai, v1alpha1.ReasonPassed)
	}
	mended := w.notified("resolved")
	if diff := cmp.Diff(want, mended.Labels); diff != "" {
		t.Errorf("labels of what is mended (-want +found):\n%s", diff)
	}
	select {
	case another := <-w.notifications:
		t.Errorf("expected one alert for three objects with one key, found another: %+v", another)
	default:
	}
}

// watchtower is all that watches the objects of one namespace.
type watchtower struct {
	*testing.T
	folder, namespace string
	// metrics, alertmanager and token are where and how things are found.
	metrics, alertmanager, token string
	notifications                chan notification
}

// notification is what Alertmanager sends.
type notification struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func (w *watchtower) startOperator() {
	w.Helper()
	program, err := operatorProgram()
	if err != nil {
		w.Fatal(err)
	}
	kubeconfig, err := world.user("operator-" + w.namespace)
	if err != nil {
		w.Fatal(err)
	}
	// The roles of the metrics are as they ship; that of the operator the suite has made of what ships.
	if out, err := kubectl(w.T, "apply", "-f", filepath.Join("..", "config", "rbac", "metrics.yaml")).CombinedOutput(); err != nil {
		w.Fatalf("%v: %s", err, out)
	}
	user := rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: "operator-" + w.namespace}
	w.bind("mainstay-default", user)
	w.bind("mainstay-metrics-auth", user)
	operator := exec.Command(program, "--metrics-addr="+w.metrics, "--health-addr=0", "--allow-http", "--allow-cidr=127.0.0.0/8",
		"--endpoint=OpenAI="+world.urls["OpenAI"], "--watch-namespaces="+w.namespace, "--watch-label-selector="+aloneLabel+"="+w.namespace,
		"--enable-leader-election", "--leader-election-namespace="+w.namespace)
	operator.Env = append(os.Environ(), "KUBECONFIG="+w.write("kubeconfig", string(kubeconfig)))
	start(w.T, operator)
}

// bind gives a role to somebody, for the whole cluster.
func (w *watchtower) bind(role string, subject rbacv1.Subject) {
	w.Helper()
	create(w.T, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: w.namespace + "-" + role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	})
}

// startAlertmanager has it notify the test of what the rules of dependencies find, at once.
func (w *watchtower) startAlertmanager() {
	w.Helper()
	w.notifications = make(chan notification, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct {
			Alerts []notification `json:"alerts"`
		}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			w.Errorf("a notification that is none: %v", err)
		}
		for _, alert := range message.Alerts {
			w.notifications <- alert
		}
	}))
	w.Cleanup(server.Close)
	inhibitions, err := os.ReadFile(filepath.Join("..", "config", "prometheus", "inhibit_rules.yaml"))
	if err != nil {
		w.Fatal(err)
	}
	config := fmt.Sprintf(`route: {receiver: test, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: test, webhook_configs: [{url: %q}]}]
%s`, server.URL, inhibitions)
	w.alertmanager = unusedAddress(w.T)
	start(w.T, exec.Command("prometheus-alertmanager", "--config.file="+w.write("alertmanager.yml", config), "--storage.path="+w.folder,
		"--web.listen-address="+w.alertmanager, "--cluster.listen-address="))
}

// startPrometheus has it scrape the operator every second, with the token of a ServiceAccount that may read
// metrics, and evaluate the rules that ship. What is found counts at once, and not after a minute.
func (w *watchtower) startPrometheus() {
	w.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "prometheus"}}
	create(w.T, account)
	w.bind("mainstay-metrics-reader", rbacv1.Subject{Kind: "ServiceAccount", Namespace: w.namespace, Name: "prometheus"})
	w.token = w.tokenOf(account)

	text, err := os.ReadFile(filepath.Join("..", "config", "prometheus", "rules.yaml"))
	if err != nil {
		w.Fatal(err)
	}
	var shipped struct {
		Spec struct {
			Groups []struct {
				Name     string           `json:"name"`
				Interval string           `json:"interval"`
				Rules    []map[string]any `json:"rules"`
			} `json:"groups"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &shipped); err != nil {
		w.Fatal(err)
	}
	for i, group := range shipped.Spec.Groups {
		shipped.Spec.Groups[i].Interval = "1s"
		for _, rule := range group.Rules {
			if rule["alert"] == "MainstayDependencyUnhealthy" {
				delete(rule, "for")
			}
		}
	}
	rules, err := yaml.Marshal(shipped.Spec)
	if err != nil {
		w.Fatal(err)
	}
	config := fmt.Sprintf(`global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs:
  - job_name: mainstay
    scheme: https
    honor_labels: true
    authorization: {credentials_file: %q}
    tls_config: {insecure_skip_verify: true}
    static_configs: [{targets: [%q]}]
`, w.write("rules.yaml", string(rules)), w.alertmanager, w.write("token", w.token), w.metrics)
	start(w.T, exec.Command("prometheus", "--config.file="+w.write("prometheus.yml", config), "--storage.tsdb.path="+filepath.Join(w.folder, "tsdb"),
		"--web.listen-address="+unusedAddress(w.T)))
}

func (w *watchtower) tokenOf(account *corev1.ServiceAccount) string {
	w.Helper()
	request := &authenticationv1.TokenRequest{}
	if err := world.admin.SubResource("token").Create(w.Context(), account, request); err != nil {
		w.Fatal(err)
	}
	return request.Status.Token
}

// checkMetrics reads the metrics as who may, who may not, and nobody, and holds them against what is clean.
func (w *watchtower) checkMetrics() {
	w.Helper()
	stranger := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "stranger"}}
	create(w.T, stranger)
	for token, want := range map[string]int{"": http.StatusUnauthorized, w.tokenOf(stranger): http.StatusForbidden} {
		if status, _ := readMetrics(w.T, w.metrics, token); status != want {
			w.Errorf("expected status %d for who may not read metrics, found %d", want, status)
		}
	}
	status, metrics := readMetrics(w.T, w.metrics, w.token)
	if status != http.StatusOK {
		w.Fatalf("expected the metrics, found status %d: %s", status, metrics)
	}
	if strings.Contains(metrics, canary) {
		w.Error("a credential leaked into metrics")
	}
	check := exec.CommandContext(w.Context(), "promtool", "check", "metrics")
	var own strings.Builder
	for line := range strings.Lines(metrics) {
		// Those of controller-runtime and Go are not ours to name.
		if strings.Contains(line, "mainstay_") {
			own.WriteString(line)
		}
	}
	check.Stdin = strings.NewReader(own.String())
	if out, err := check.CombinedOutput(); err != nil {
		w.Errorf("promtool check metrics: %v\n%s", err, out)
	}
	for _, other := range []string{"leader_election_master_status{", "controller_runtime_reconcile_errors_total{"} {
		if !strings.Contains(metrics, other) {
			w.Errorf("expected %s, which alerts read", other)
		}
	}
}

// readMetrics reads an operator's metrics with a token, if it is not empty. The certificate is of the operator's own making.
func readMetrics(t *testing.T, address, token string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	anyone := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	// Another process says to nobody when it begins to listen; it may be after its first probes.
	var answer *http.Response
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, func(context.Context) (listens bool, err error) {
		answer, err = anyone.Do(request)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// notified waits for the next notification, which has to be of a status.
func (w *watchtower) notified(status string) notification {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 2*patience)
	defer cancel()
	select {
	case n := <-w.notifications:
		if n.Status != status {
			w.Fatalf("expected an alert that is %s, found %+v", status, n)
		}
		return n
	case <-ctx.Done():
		w.Fatalf("waited in vain for an alert that is %s", status)
	}
	return notification{}
}

func (w *watchtower) write(name, text string) string {
	w.Helper()
	path := filepath.Join(w.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	return path
}

// installed skips a test where a program is not there, and says how to get it.
func installed(t *testing.T, program string) {
	t.Helper()
	_, err := exec.LookPath(program)
	providertest.Need(t, err == nil, program)
}

// unusedAddress returns an address on loopback at which nobody listens.
func unusedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
