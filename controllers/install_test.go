// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

// installation is a way to install the operator, and to remove it again.
type installation struct {
	name, install, remove string
	// upgrade installs the next version over this one; empty where another installation's upgrade shows the same.
	upgrade string
	// namespace is the operator's, and watched are those that it serves; all where none is named.
	namespace string
	watched   []string
	// metrics says whether /metrics is served.
	metrics bool
}

// kustomized is an installation from a folder of config.
func kustomized(name, folder string) installation {
	return installation{
		name:      name,
		install:   "kubectl apply --warnings-as-errors -k ../config/" + folder,
		remove:    "kubectl delete --ignore-not-found -k ../config/" + folder,
		namespace: "mainstay-system", metrics: true,
	}
}

// charted is an installation of the Helm chart with values.
func charted(name, values string) installation {
	return installation{
		name:      name,
		install:   "helm install mainstay ../config/chart -n mainstay-system --create-namespace " + values,
		remove:    "helm uninstall mainstay -n mainstay-system && kubectl delete crd -l app.kubernetes.io/part-of=mainstay && kubectl delete namespace mainstay-system",
		namespace: "mainstay-system", metrics: true,
	}
}

// TestInstallationsByKustomize installs the operator in each way, one after the other, and runs it as its
// ServiceAccount with the arguments that ship.
func TestInstallationsByKustomize(t *testing.T) {
	t.Parallel()
	whole, some, one := kustomized("the whole cluster", "default"), kustomized("some namespaces", "namespaces"), kustomized("one namespace", "single-namespace")
	whole.upgrade = whole.install
	some.watched = []string{"shop", "blog"}
	one.namespace, one.watched, one.metrics = "shop", []string{"shop"}, false
	one.install = "kubectl apply -k ../config/crd && " + one.install
	one.remove += " && kubectl delete lease mainstay -n shop && kubectl delete -k ../config/crd"
	newCluster(t).host(whole, kustomized("Secrets by name alone", "get-only-secrets"), some, one)
}

// TestInstallationsByHelm does so with the chart, where that is not the same as what kustomize builds.
func TestInstallationsByHelm(t *testing.T) {
	t.Parallel()
	buildChartTools(t)
	whole, some := charted("the whole cluster", ""), charted("some namespaces", "--set 'namespaces={shop,blog}'")
	whole.upgrade = "helm upgrade mainstay ../config/chart -n mainstay-system --reset-then-reuse-values --set podAnnotations.version=next"
	some.watched = []string{"shop", "blog"}
	newCluster(t).host(whole, some)
}

// host has installations live one after the other.
func (c *cluster) host(installations ...installation) {
	c.must("kubectl create namespace bystander && kubectl create serviceaccount prometheus -n bystander && kubectl create serviceaccount stranger -n bystander", "")
	for _, i := range installations {
		whole := c.Run(i.name, func(t *testing.T) {
			here := *c
			here.T = t
			here.live(i)
		})
		if !whole {
			return // What is left of it would be in the way of the next one.
		}
	}
}

// live is the life of an installation: it is installed, judges the samples, is upgraded, and removed.
func (c *cluster) live(i installation) {
	c.must("kubectl apply -f ../config/samples/namespaces.yaml", "")
	before := c.inventory()
	c.audited = len(c.audit())
	c.must(i.install, "")
	c.must("kubectl wait crd --all --for=condition=Established --timeout=1m", "")
	c.admitsPods(i.namespace)
	// An API server that does not send its lists as streams, as before 1.34, needs the verb list.
	const listing = "KUBE_FEATURE_WatchListClient=false"
	var stop func()
	if i.upgrade == "" {
		stop = c.operate(i, listing)
		c.declare(i)
	} else {
		stop = c.operate(i)
		c.declare(i)
		stop = c.upgraded(i, stop, listing)
	}
	c.strangersAreLeftAlone(i)
	stop()
	c.permissions(i)

	c.must(i.remove, "")
	c.must("kubectl delete -f -", c.references())
	if diff := cmp.Diff(before, c.inventory()); diff != "" {
		c.Errorf("expected nothing to be left behind (-before +after):\n%s", diff)
	}
	c.must("kubectl delete -f ../config/samples/namespaces.yaml", "")
}

// upgraded installs the next version while the first one runs. Every status stays as it is, and what is not due is not
// probed: the next version judges only what is new.
func (c *cluster) upgraded(i installation, stop func(), environment ...string) (next func()) {
	c.Helper()
	before, probed := c.statuses(), c.probed()
	c.must(i.upgrade, "")
	next = c.operate(i, environment...)
	stop()
	novel := &v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "new"}}
	if err := c.admin.Create(c.Context(), novel); err != nil {
		c.Fatal(err)
	}
	c.waitForReason(novel, v1alpha1.ReasonNoAIProvider)
	if err := c.admin.Delete(c.Context(), novel); err != nil {
		c.Fatal(err)
	}
	if diff := cmp.Diff(before, c.statuses()); diff != "" {
		c.Errorf("expected an upgrade to leave every status as it was (-before +after):\n%s", diff)
	}
	if again := c.probed(); again != probed || probed == 0 {
		c.Errorf("expected no probe before its time, found %d requests after %d", again, probed)
	}
	return next
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

// operate runs the operator as a kubelet would: with the arguments that the Deployment says, as its ServiceAccount. What
// only a Pod has is stood in for: addresses of its own, and the namespace of the Lease.
func (c *cluster) operate(i installation, environment ...string) (stop func()) {
	c.Helper()
	program, err := operatorProgram()
	if err != nil {
		c.Fatal(err)
	}
	pod := c.deployment(i.namespace).Spec.Template.Spec
	args := slices.Clone(pod.Containers[0].Args)
	for n := range args {
		args[n] = strings.ReplaceAll(args[n], "$(POD_NAMESPACE)", i.namespace)
	}
	args = append(args, "--health-addr=0", "--leader-election-namespace="+i.namespace)
	if i.metrics {
		c.metrics = unusedAddress(c.T)
		args = append(args, "--metrics-addr="+c.metrics)
	}
	process := exec.Command(program, append(args, vendorFlags()...)...)
	process.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfigOf(i.namespace, pod.ServiceAccountName),
		"POD_NAME=mainstay", "POD_NAMESPACE="+i.namespace)
	process.Env = append(process.Env, environment...)
	return start(c.T, process)
}

// references are what the samples, and besides, refer to.
func (c *cluster) references() string {
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\nstringData: {apiKey: %s}\n---\n"
	key := c.credential()
	return fmt.Sprintf(secret+secret+secret+secret, "openai", "shop", "sk-"+key, "resend", "shop", "re_"+key, "resend", "blog", "re_"+key,
		"scheduled", "shop", key) + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, namespace: shop}\ndata: {ca.crt: none}\n" +
		"---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: app, namespace: shop}\n"
}

// besides are two dependencies that no sample is like: one that is due once a day, so that no upgrade comes when it is,
// and one that refers to a ConfigMap, which holds no certificate.
const besides = `
apiVersion: mainstay.dev/v1alpha1
kind: AIProvider
metadata: {name: scheduled, namespace: shop}
spec:
  provider: Mistral
  secretRef: {name: scheduled}
  periodSeconds: 86400
---
apiVersion: mainstay.dev/v1alpha1
kind: AIProvider
metadata: {name: private, namespace: shop}
spec:
  provider: OpenAICompatible
  endpoint: https://llm.example.com/v1
  caRef: {kind: ConfigMap, name: ca, key: ca.crt}
---
`

// declare creates the samples and what they refer to, and waits for the verdicts.
func (c *cluster) declare(i installation) {
	c.Helper()
	c.must("kubectl create -f -", besides+c.references())
	c.must("kubectl apply -k ../config/samples", "")
	ai := func(namespace, name string) client.Object {
		return &v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	}
	email := func(namespace, name string) client.Object {
		return &v1alpha1.EmailProvider{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	}
	for object, reason := range map[client.Object]string{
		ai("shop", "assistant"):        v1alpha1.ReasonPassed,
		ai("shop", "search"):           v1alpha1.ReasonSecretNotFound,
		ai("shop", "scheduled"):        v1alpha1.ReasonPassed,
		ai("shop", "private"):          v1alpha1.ReasonCAInvalid,
		email("shop", "transactional"): v1alpha1.ReasonPassed,
		email("blog", "newsletter"):    v1alpha1.ReasonDomainNotFound,
		ai("blog", "summaries"):        v1alpha1.ReasonNoAIProvider,
	} {
		if i.serves(object.GetNamespace()) {
			c.waitForReason(object, reason)
		}
	}
	checkout := &v1alpha1.DependencySet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout"}}
	c.waitFor(checkout, "a set whose members are well", func() bool {
		return len(checkout.Status.Members) == 2 && checkout.Status.Members[0].Reason == v1alpha1.ReasonPassed &&
			checkout.Status.Members[1].Reason == v1alpha1.ReasonPassed
	})
	c.settled(i)
	if i.metrics {
		c.metricsAreGuarded()
	}
}

// credential is one of the test's own.
func (c *cluster) credential() string { return fmt.Sprintf("%s-%x", canary, c.Name()) }

// probed counts the requests for what is due once a day.
func (c *cluster) probed() (requests int) {
	for _, request := range world.vendors["Mistral"].Requests() {
		if request.Credential == c.credential() {
			requests++
		}
	}
	return requests
}

// settled waits until the first attempt at every sample has ended.
func (c *cluster) settled(i installation) {
	c.Helper()
	for _, kind := range target.Kinds {
		list := kind.NewList().(client.ObjectList)
		if err := c.admin.List(c.Context(), list); err != nil {
			c.Fatal(err)
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			object := item.(client.Object)
			if i.serves(object.GetNamespace()) {
				c.waitFor(object, "an attempt that ended", func() bool {
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

// waitFor returns once an object in this cluster satisfies a condition.
func (c *cluster) waitFor(object client.Object, what string, satisfied func() bool) {
	c.Helper()
	onlooker{c.T, c.admin}.waitFor(object, what, satisfied)
}

// waitForReason returns once Healthy of an object in this cluster has a reason.
func (c *cluster) waitForReason(object client.Object, reason string) {
	c.Helper()
	onlooker{c.T, c.admin}.waitForReason(object, reason)
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
	role := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "test-prometheus"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "mainstay-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "bystander", Name: "prometheus"}},
	}
	if err := c.admin.Create(c.Context(), role); err != nil {
		c.Fatal(err)
	}
	for token, want := range map[string]int{
		"":                                 http.StatusUnauthorized,
		c.token("bystander", "stranger"):   http.StatusForbidden,
		c.token("bystander", "prometheus"): http.StatusOK,
	} {
		status, text := readMetrics(c.T, c.metrics, token)
		if status != want {
			c.Errorf("expected status %d of /metrics, found %d", want, status)
		}
		if status == http.StatusOK && !strings.Contains(text, "mainstay_probes_total") {
			c.Errorf("expected mainstay_probes_total among the metrics, found:\n%s", text)
		}
	}
	if err := c.admin.Delete(c.Context(), role); err != nil {
		c.Fatal(err)
	}
}
