// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
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

// cluster is a control plane of a test's own, on which nothing is installed. There are no nodes: what a Deployment
// says is run by the test. Neither is there a controller manager: the test ends namespaces that are deleted.
type cluster struct {
	shell
	config   *rest.Config
	clients  kubernetes.Interface
	objects  metadata.Interface
	auditLog string
	// simulator is the URL of the played vendors, and flags lead an operator to them.
	simulator string
	flags     []string
	// metricsAddress is that of the operator that was started last.
	metricsAddress string
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
	if c.clients, err = kubernetes.NewForConfig(c.config); err != nil {
		t.Fatal(err)
	}
	if c.objects, err = metadata.NewForConfig(c.config); err != nil {
		t.Fatal(err)
	}
	c.playVendors()
	go c.endNamespaces(t.Context())
	return c
}

// programs builds what runs as a process of its own, once.
var programs = sync.OnceValue(func() error {
	build := exec.Command("go", "build", "-o", world.tools, "../cmd/manager", "../hack/simulator")
	if out, err := build.CombinedOutput(); err != nil {
		return errors.New(string(out))
	}
	return nil
})

// playVendors starts the simulator, so that the operator's flags are those that its users have.
func (c *cluster) playVendors() {
	c.Helper()
	if err := programs(); err != nil {
		c.Fatal(err)
	}
	simulator := exec.Command(filepath.Join(world.tools, "simulator"), "-listen", "127.0.0.1:0")
	output, err := simulator.StdoutPipe()
	if err != nil {
		c.Fatal(err)
	}
	start(c.T, simulator)
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		c.Fatal(err)
	}
	c.flags = append([]string{"--allow-http", "--allow-cidr=127.0.0.0/8"}, strings.Fields(line)...)
	_, url, _ := strings.Cut(c.flags[2], "=http://")
	address, _, _ := strings.Cut(url, "/")
	c.simulator = "http://" + address
}

// start runs a process, and what it starts, until the test ends or the function that it returns is called. It may not
// end before.
func start(t *testing.T, process *exec.Cmd) (stop func()) {
	t.Helper()
	var log lockedBuffer
	process.Stderr = &log
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	stop = sync.OnceFunc(func() {
		select {
		case err := <-ended:
			t.Errorf("%s ended too early: %v", process, err)
		default:
			_ = syscall.Kill(-process.Process.Pid, syscall.SIGTERM)
			<-ended
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", process.Path, log.String())
		}
	})
	t.Cleanup(stop)
	return stop
}

// must runs a line that has to succeed, and keeps it for who wonders how far a test came.
func (c *cluster) must(line, typed string) string {
	c.Helper()
	c.Logf("$ %s", line)
	return c.shell.must(line, typed)
}

// token is one of a ServiceAccount, with which it may do what the roles that are bound to it allow.
func (c *cluster) token(namespace, account string) string {
	c.Helper()
	return strings.TrimSpace(c.must(fmt.Sprintf("kubectl create token %s -n %s", account, namespace), ""))
}

// freeAddress returns an address on loopback at which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	return listener.Addr().String()
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
	listable := discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists)
	for _, list := range listable {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			if resource.Name == "events" || namespace != "" && !resource.Namespaced {
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
				if item.Namespace != "kube-system" && resource.Name != "apiservices" {
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
		entries, err := c.everything(ctx, namespace.Name)
		for _, e := range entries {
			err = errors.Join(err, c.objects.Resource(e.GroupVersionResource).Namespace(e.namespace).Delete(ctx, e.name, metav1.DeleteOptions{}))
		}
		namespace.Spec.Finalizers = nil
		_, last := c.clients.CoreV1().Namespaces().Finalize(ctx, namespace, metav1.UpdateOptions{})
		if err = errors.Join(err, last); err != nil && ctx.Err() == nil {
			c.Errorf("end namespace %s: %v", namespace.Name, err)
		}
	}
}
