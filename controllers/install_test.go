// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

// installation is a way to install the operator, and to remove it again.
type installation struct {
	install, upgrade, remove string
	// namespace is the operator's, and watched are those that it serves; all where none is named.
	namespace string
	watched   []string
	// metrics says whether /metrics is served.
	metrics bool
}

// kustomized is an installation from a folder of config.
func kustomized(folder string) installation {
	return installation{
		install:   "kubectl apply --warnings-as-errors -k ../config/" + folder,
		upgrade:   "kubectl apply --warnings-as-errors -k ../config/" + folder,
		remove:    "kubectl delete -k ../config/" + folder,
		namespace: "mainstay-system", metrics: true,
	}
}

// charted is an installation of the Helm chart with values.
func charted(values string) installation {
	return installation{
		install:   "helm install mainstay ../config/chart -n mainstay-system --create-namespace " + values,
		upgrade:   "helm upgrade mainstay ../config/chart -n mainstay-system --reuse-values --set podAnnotations.version=next",
		remove:    "helm uninstall mainstay -n mainstay-system && kubectl delete crd -l app.kubernetes.io/part-of=mainstay && kubectl delete namespace mainstay-system",
		namespace: "mainstay-system", metrics: true,
	}
}

// TestInstallationsByKustomize installs the operator in each way, one after the other, and runs it as its
// ServiceAccount with the arguments that ship.
func TestInstallationsByKustomize(t *testing.T) {
	some, single := kustomized("namespaces"), kustomized("single-namespace")
	some.watched = []string{"shop", "blog"}
	single.namespace, single.watched, single.metrics = "shop", []string{"shop"}, false
	single.install = "kubectl apply -k ../config/crd && " + single.install
	single.remove += " && kubectl delete lease mainstay -n shop && kubectl delete -k ../config/crd"
	live(t, map[string]installation{
		"the whole cluster":     kustomized("default"),
		"Secrets by name alone": kustomized("get-only-secrets"),
		"some namespaces":       some,
		"one namespace":         single,
	})
}

// TestInstallationsByHelm does so with the chart.
func TestInstallationsByHelm(t *testing.T) {
	buildTools(t)
	some := charted("--set 'namespaces={shop,blog}'")
	some.watched = []string{"shop", "blog"}
	live(t, map[string]installation{
		"the whole cluster":     charted(""),
		"Secrets by name alone": charted("--set watchSecrets=false"),
		"some namespaces":       some,
	})
}

// live has installations live one after the other on one API server.
func live(t *testing.T, installations map[string]installation) {
	t.Helper()
	c := newCluster(t)
	c.must("kubectl create namespace bystander", "")
	for name, i := range installations {
		t.Run(name, func(t *testing.T) {
			here := *c
			here.T = t
			here.live(i)
		})
	}
}

// live is the life of an installation: it is installed, judges the samples, is upgraded, and removed.
func (c *cluster) live(i installation) {
	c.must("kubectl apply -f ../config/samples/namespaces.yaml", "")
	c.must(`kubectl label namespace --all --overwrite pod-security.kubernetes.io/warn=restricted`, "")
	before := c.inventory()
	if err := os.Truncate(c.auditLog, 0); err != nil {
		c.Fatal(err)
	}
	c.must(i.install, "")
	c.must("kubectl wait crd --all --for=condition=Established --timeout=1m", "")
	c.admitsPods(i.namespace)
	stop := c.operate(i)
	c.declare()
	c.judged(i)
	c.settled(i)
	c.strangersAreLeftAlone(i)
	if i.metrics {
		c.metricsAreGuarded()
	}

	judged := c.statuses()
	c.must(i.upgrade, "")
	// An API server that does not send its lists as streams, as before 1.34, needs the verb list.
	next := c.operate(i, "KUBE_FEATURE_WatchListClient=false")
	stop()
	c.must("kubectl create -n shop -f -", `{"apiVersion":"mainstay.dev/v1alpha1","kind":"AIProvider","metadata":{"name":"new"},"spec":{"provider":"None"}}`)
	c.reason("aiprovider/new", "shop", v1alpha1.ReasonNoAIProvider)
	c.must("kubectl delete aiprovider/new -n shop", "")
	if diff := cmp.Diff(judged, c.statuses()); diff != "" {
		c.Errorf("expected an upgrade to leave every status as it was (-before +after):\n%s", diff)
	}
	c.flap()
	next()
	c.permissions(i)

	c.must("kubectl delete secrets --all -n shop && kubectl delete secrets --all -n blog && kubectl delete configmap ca -n shop", "")
	c.must(i.remove, "")
	if diff := cmp.Diff(before, c.inventory()); diff != "" {
		c.Errorf("expected nothing to be left behind (-before +after):\n%s", diff)
	}
	c.must("kubectl delete -f ../config/samples/namespaces.yaml", "")
}

// inventory lists all that is in the cluster.
func (c *cluster) inventory() (lines []string) {
	c.Helper()
	found, err := c.everything(c.Context(), "")
	if err != nil {
		c.Fatal(err)
	}
	for _, e := range found {
		lines = append(lines, e.String())
	}
	slices.Sort(lines)
	return lines
}

func (c *cluster) deployment(namespace string) *appsv1.Deployment {
	c.Helper()
	deployment, err := c.clients.AppsV1().Deployments(namespace).Get(c.Context(), "mainstay-manager", metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return deployment
}

// admitsPods has the API server judge a Pod of the operator's as in a namespace of the level "restricted".
func (c *cluster) admitsPods(namespace string) {
	c.Helper()
	c.must("kubectl label namespace "+namespace+" --overwrite pod-security.kubernetes.io/enforce=restricted", "")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "mainstay-manager"}, Spec: c.deployment(namespace).Spec.Template.Spec}
	if _, err := c.clients.CoreV1().Pods(namespace).Create(c.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
		c.Errorf("expected the Pod to be admitted: %v", err)
	}
}

// operate runs the operator as a kubelet would: with the arguments and the environment that the Deployment says, as
// its ServiceAccount. What only a Pod has is stood in for: addresses of its own, and the namespace of the Lease.
func (c *cluster) operate(i installation, environment ...string) (stop func()) {
	c.Helper()
	pod := c.deployment(i.namespace).Spec.Template.Spec
	kubeconfig := filepath.Join(c.TempDir(), "kubeconfig")
	c.must(fmt.Sprintf(`kubectl config view --raw --minify --flatten | sed '/client-certificate-data\|client-key-data/d' > %[1]s &&
		kubectl --kubeconfig %[1]s config set-credentials account --token=%[2]s >/dev/null &&
		kubectl --kubeconfig %[1]s config set-context --current --user=account >/dev/null`,
		kubeconfig, c.token(i.namespace, pod.ServiceAccountName)), "")
	environment = append(environment, "KUBECONFIG="+kubeconfig, "POD_NAME=mainstay", "POD_NAMESPACE="+i.namespace)
	args := slices.Clone(pod.Containers[0].Args)
	for n := range args {
		args[n] = strings.ReplaceAll(args[n], "$(POD_NAMESPACE)", i.namespace)
	}
	c.metricsAddress = freeAddress(c.T)
	args = append(args, "--health-addr=0", "--leader-election-namespace="+i.namespace)
	if i.metrics {
		args = append(args, "--metrics-addr="+c.metricsAddress)
	}
	process := exec.Command(filepath.Join(world.tools, "manager"), append(args, c.flags...)...)
	process.Env = append(os.Environ(), environment...)
	return start(c.T, process)
}

// declare creates the Secrets of some samples, and all samples.
func (c *cluster) declare() {
	c.Helper()
	for _, s := range []struct{ namespace, name, value string }{
		{"shop", "openai", "sk-installed-key"},
		{"shop", "resend", "re_installed_key"},
		{"blog", "resend", "re_installed_key"},
	} {
		c.must(fmt.Sprintf("kubectl create secret generic %s -n %s --from-literal=apiKey=%s", s.name, s.namespace, s.value), "")
	}
	c.must("kubectl apply -k ../config/samples", "")
	// One that refers to a ConfigMap, which holds no certificate.
	c.must("kubectl create configmap ca -n shop --from-literal=ca.crt=none && kubectl create -n shop -f -", `
apiVersion: mainstay.dev/v1alpha1
kind: AIProvider
metadata:
  name: private
spec:
  provider: OpenAICompatible
  endpoint: https://llm.example.com/v1
  caRef: {kind: ConfigMap, name: ca, key: ca.crt}
`)
}

// judged waits for the verdicts on the samples.
func (c *cluster) judged(i installation) {
	c.Helper()
	for _, want := range []struct{ namespace, object, reason string }{
		{"shop", "aiprovider/assistant", v1alpha1.ReasonPassed},
		{"shop", "aiprovider/search", v1alpha1.ReasonSecretNotFound},
		{"shop", "aiprovider/private", v1alpha1.ReasonCAInvalid},
		{"shop", "emailprovider/transactional", v1alpha1.ReasonPassed},
		{"blog", "emailprovider/newsletter", v1alpha1.ReasonDomainNotFound},
		{"blog", "aiprovider/summaries", v1alpha1.ReasonNoAIProvider},
	} {
		if i.serves(want.namespace) {
			c.reason(want.object, want.namespace, want.reason)
		}
	}
	for member := range 2 {
		c.must(fmt.Sprintf("kubectl wait deps/checkout -n shop --timeout=1m --for=jsonpath='{.status.members[%d].reason}'=Passed", member), "")
	}
}

// settled waits until the first attempt at every sample has ended.
func (c *cluster) settled(i installation) {
	c.Helper()
	admin, err := client.NewWithWatch(c.config, client.Options{Scheme: world.scheme})
	if err != nil {
		c.Fatal(err)
	}
	for _, kind := range target.Kinds {
		list := kind.NewList().(client.ObjectList)
		if err := admin.List(c.Context(), list); err != nil {
			c.Fatal(err)
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			object := item.(client.Object)
			if i.serves(object.GetNamespace()) {
				onlooker{c.T, admin}.waitFor(object, "an attempt that ended", func() bool {
					ready := condition(object, v1alpha1.ConditionReady)
					return ready != nil && ready.Status != metav1.ConditionUnknown
				})
			}
			return nil
		})
		if err != nil {
			c.Fatal(err)
		}
	}
}

func (i installation) serves(namespace string) bool {
	return len(i.watched) == 0 || slices.Contains(i.watched, namespace)
}

// reason waits until Healthy of an object has a reason.
func (c *cluster) reason(object, namespace, reason string) {
	c.Helper()
	c.must(fmt.Sprintf(`kubectl wait %s -n %s --timeout=1m --for=jsonpath='{.status.conditions[?(@.type=="Healthy")].reason}'=%s`,
		object, namespace, reason), "")
}

// statuses are the resource versions of all dependencies.
func (c *cluster) statuses() string {
	c.Helper()
	return c.must(`kubectl get dependencies -A -o jsonpath='{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} `+
		`{.metadata.resourceVersion} {.status.observedGeneration}{"\n"}{end}'`, "")
}

// strangersAreLeftAlone holds that nothing is written in namespaces that are not watched.
func (c *cluster) strangersAreLeftAlone(i installation) {
	c.Helper()
	for line := range strings.Lines(c.statuses()) {
		fields := strings.Fields(line)
		namespace, _, _ := strings.Cut(fields[1], "/")
		if judged := fields[3] != "-1"; judged && !i.serves(namespace) {
			c.Errorf("expected no verdict outside of %v, found %s", i.watched, line)
		}
	}
}

// metricsAreGuarded reads the metrics as nobody, as somebody without the role, and as who has it.
func (c *cluster) metricsAreGuarded() {
	c.Helper()
	c.must(`kubectl create serviceaccount stranger -n bystander && kubectl create serviceaccount prometheus -n bystander &&
		kubectl create clusterrolebinding prometheus --clusterrole=mainstay-metrics-reader --serviceaccount=bystander:prometheus`, "")
	for token, want := range map[string]int{
		"":                                 http.StatusUnauthorized,
		c.token("bystander", "stranger"):   http.StatusForbidden,
		c.token("bystander", "prometheus"): http.StatusOK,
	} {
		if status := c.scrape(token); status != want {
			c.Errorf("expected status %d of /metrics, found %d", want, status)
		}
	}
	c.must("kubectl delete clusterrolebinding prometheus && kubectl delete serviceaccount prometheus stranger -n bystander", "")
}

// scrape reads the metrics with a token, and returns the status.
func (c *cluster) scrape(token string) int {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), http.MethodGet, "https://"+c.metricsAddress+"/metrics", nil)
	if err != nil {
		c.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The certificate is of the operator's own making.
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.Fatal(err)
	}
	if answer.StatusCode == http.StatusOK && !strings.Contains(string(text), "mainstay_probes_total") {
		c.Errorf("expected mainstay_probes_total among the metrics, found:\n%s", text)
	}
	return answer.StatusCode
}

// flap has the same thing happen twice, which is told in one event that counts.
func (c *cluster) flap() {
	c.Helper()
	for range 2 {
		for _, to := range []struct{ secret, reason string }{
			{"missing", v1alpha1.ReasonSecretNotFound},
			{"openai", v1alpha1.ReasonPassed},
		} {
			c.must(fmt.Sprintf(`kubectl patch aiprovider/assistant -n shop --type=merge -p '{"spec":{"secretRef":{"name":"%s"}}}'`, to.secret), "")
			c.reason("aiprovider/assistant", "shop", to.reason)
		}
	}
}
