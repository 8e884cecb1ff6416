// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// auditPolicy has the API server note what ServiceAccounts do.
const auditPolicy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: ["system:serviceaccounts"]
  - level: None
`

// cluster is a control plane of a test's own, on which nothing is installed. There are no nodes and no controller
// manager: the test runs what a Deployment says, and ends namespaces that are deleted.
type cluster struct {
	shell
	config   *rest.Config
	admin    client.WithWatch
	clients  kubernetes.Interface
	objects  metadata.Interface
	auditLog string
	// audited is how much of the audit log is of earlier installations, in bytes.
	audited int
	// metrics is the address at which the operator that was started last serves them.
	metrics string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	folder := t.TempDir()
	c := &cluster{auditLog: filepath.Join(folder, "audit.log")}
	policy := filepath.Join(folder, "policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	env := &envtest.Environment{}
	env.ControlPlane.GetAPIServer().Configure().Append("audit-policy-file", policy).Append("audit-log-path", c.auditLog)
	var err error
	if c.config, err = env.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = env.Stop() })
	c.config.QPS = -1
	c.shell = shell{t, filepath.Join(folder, "kubeconfig")}
	if err := os.WriteFile(c.kubeconfig, env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	if c.admin, err = client.NewWithWatch(c.config, client.Options{Scheme: world.scheme}); err != nil {
		t.Fatal(err)
	}
	if c.clients, err = kubernetes.NewForConfig(c.config); err != nil {
		t.Fatal(err)
	}
	if c.objects, err = metadata.NewForConfig(c.config); err != nil {
		t.Fatal(err)
	}
	go c.endNamespaces(t.Context())
	return c
}

// vendorFlags lead an operator that is a process of its own to the vendors that the tests play.
func vendorFlags() []string {
	flags := []string{"--allow-http", "--allow-cidr=127.0.0.0/8", "--dns-server=" + world.nameServer}
	for provider, url := range world.options.Target.Endpoints {
		flags = append(flags, "--endpoint="+provider+"="+url)
	}
	return flags
}

// start runs a process, and what it starts, until the test ends or the function that it returns is called. It may not
// end before, and says nothing of a credential.
func start(t *testing.T, process *exec.Cmd) (stop func()) {
	t.Helper()
	said := &lockedBuffer{}
	process.Stdout, process.Stderr = said, said
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	name := filepath.Base(process.Path)
	stop = sync.OnceFunc(func() {
		select {
		case err := <-ended:
			t.Errorf("%s ended too early: %v", name, err)
		default:
			_ = syscall.Kill(-process.Process.Pid, syscall.SIGTERM)
			<-ended
		}
		if strings.Contains(said.String(), canary) {
			t.Errorf("a credential leaked into the log of %s", name)
		} else if t.Failed() {
			t.Logf("%s said:\n%s", name, said)
		}
	})
	t.Cleanup(stop)
	return stop
}

// must runs a line that has to succeed, and keeps it for who wonders how far a test came.
func (c *cluster) must(line, typed string) string {
	c.Helper()
	if !strings.Contains(line, canary) {
		c.Logf("$ %s", line)
	}
	return c.shell.must(line, typed)
}

// token is one of a ServiceAccount, with which it may do what the roles that are bound to it allow.
func (c *cluster) token(namespace, account string) string {
	c.Helper()
	request, err := c.clients.CoreV1().ServiceAccounts(namespace).CreateToken(c.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return request.Status.Token
}

// kubeconfigOf writes a kubeconfig with which a process is a ServiceAccount.
func (c *cluster) kubeconfigOf(namespace, account string) (path string) {
	c.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: c.config.Host, CertificateAuthorityData: c.config.CAData}
	config.AuthInfos["test"] = &clientcmdapi.AuthInfo{Token: c.token(namespace, account)}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	config.CurrentContext = "test"
	path = filepath.Join(c.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		c.Fatal(err)
	}
	return path
}

// entry is what the tests need to know of whatever is in the cluster.
type entry struct {
	schema.GroupVersionResource
	namespace, name string
}

func (e entry) String() string { return e.Group + "/" + e.Resource + " " + e.namespace + "/" + e.name }

// everything lists all that is in a namespace, or in the cluster where none is named. What the API server itself
// keeps is left out.
func (c *cluster) everything(ctx context.Context, namespace string) (found []entry, err error) {
	lists, err := discovery.ServerPreferredResources(c.clients.Discovery())
	if err != nil {
		return nil, err
	}
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			// Events end by themselves, and APIServices with their CRDs.
			if resource.Name == "events" || resource.Name == "apiservices" || namespace != "" && !resource.Namespaced {
				continue
			}
			kind := version.WithResource(resource.Name)
			items, err := c.objects.Resource(kind).Namespace(namespace).List(ctx, metav1.ListOptions{})
			if apierrors.IsNotFound(err) {
				continue // Its CRD is gone since.
			}
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", kind, err)
			}
			for _, item := range items.Items {
				if item.Namespace != metav1.NamespaceSystem {
					found = append(found, entry{kind, item.Namespace, item.Name})
				}
			}
		}
	}
	return found, nil
}

// endNamespaces does what the controller manager of a whole cluster does: it empties the namespaces that are
// deleted, and lets them go.
func (c *cluster) endNamespaces(ctx context.Context) {
	changes, err := c.clients.CoreV1().Namespaces().Watch(ctx, metav1.ListOptions{})
	if err != nil {
		c.Errorf("watch namespaces: %v", err)
		return
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		namespace, is := change.Object.(*corev1.Namespace)
		if !is || namespace.DeletionTimestamp == nil || len(namespace.Spec.Finalizers) == 0 {
			continue
		}
		// It may have ended since, and another one of its name have begun.
		current, err := c.clients.CoreV1().Namespaces().Get(ctx, namespace.Name, metav1.GetOptions{})
		if err != nil || current.UID != namespace.UID {
			continue
		}
		if err := c.empty(ctx, current); err != nil && ctx.Err() == nil {
			c.Errorf("end namespace %s: %v", namespace.Name, err)
		}
	}
}

func (c *cluster) empty(ctx context.Context, namespace *corev1.Namespace) error {
	entries, err := c.everything(ctx, namespace.Name)
	for _, e := range entries {
		gone := c.objects.Resource(e.GroupVersionResource).Namespace(e.namespace).Delete(ctx, e.name, metav1.DeleteOptions{})
		err = errors.Join(err, client.IgnoreNotFound(gone))
	}
	namespace.Spec.Finalizers = nil
	_, last := c.clients.CoreV1().Namespaces().Finalize(ctx, namespace, metav1.UpdateOptions{})
	return errors.Join(err, client.IgnoreNotFound(last))
}
