// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	ctrlzap "sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/controllers"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/probe/dnstest"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

// canary is part of every credential in these tests, so that one search finds any that leaked.
const canary = "c4n4rys0ng"

// patience bounds how long a test waits for something that an event announces. It is no promise.
const patience = time.Minute

// world is what all tests share: an API server, the operator on it, and the vendors it probes.
var world struct {
	scheme *runtime.Scheme
	// admin may do anything; operator is the config of who may do what the shipped roles allow, and getOnly of
	// who may not watch Secrets either.
	admin    client.WithWatch
	operator *rest.Config
	// kubeconfig is a file with which commands may do anything; user returns one of a user who may do nothing
	// yet. tools is a folder for what tests build.
	kubeconfig, tools string
	user              func(name string) ([]byte, error)
	registry          *prometheus.Registry
	log               lockedBuffer
	vendors           map[string]*providertest.Vendor
	getOnly           *rest.Config
	// urls are where the vendors are. The operator is told of those that specs do not name.
	urls map[string]string
	// nameServer knows the vendors' domains.
	nameServer string
	options    controllers.Options
}

func TestMain(m *testing.M) {
	code, err := runSuite(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		code = 1
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (int, error) {
	// Where a slow start leaves the log without a place to go for half a minute, nothing is logged any more.
	// The operator's flags allow no more than this, so it is what the search for credentials has to see.
	ctrl.SetLogger(ctrlzap.New(ctrlzap.WriteTo(&world.log), ctrlzap.JSONEncoder(), ctrlzap.Level(zapcore.DebugLevel)))
	env := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	admin, err := env.Start()
	if err != nil {
		return 1, fmt.Errorf("%w (make test sets KUBEBUILDER_ASSETS)", err)
	}
	defer func() { _ = env.Stop() }()
	world.scheme = runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(world.scheme); err != nil {
			return 1, err
		}
	}
	if world.admin, err = client.NewWithWatch(admin, client.Options{Scheme: world.scheme}); err != nil {
		return 1, err
	}
	for overlay, config := range map[string]**rest.Config{"default": &world.operator, "get-only-secrets": &world.getOnly} {
		role, err := shippedRole(overlay)
		if err != nil {
			return 1, err
		}
		if *config, err = operatorConfig(env, "mainstay-"+overlay, role); err != nil {
			return 1, err
		}
	}
	if world.tools, err = os.MkdirTemp("", "mainstay-tools-"); err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(world.tools) }()
	world.kubeconfig = filepath.Join(world.tools, "kubeconfig")
	if err := os.WriteFile(world.kubeconfig, env.KubeConfig, 0o600); err != nil {
		return 1, err
	}
	world.user = func(name string) ([]byte, error) {
		user, err := env.AddUser(envtest.User{Name: name}, nil)
		if err != nil {
			return nil, err
		}
		return user.KubeConfig()
	}
	world.registry = prometheus.NewRegistry()
	if err := playVendors(); err != nil {
		return 1, err
	}
	stop, err := startOperator(world.registry)
	if err != nil {
		return 1, err
	}
	defer stop()
	code := m.Run()
	if err := leaks(); err != nil {
		return 1, err
	}
	return code, nil
}

// operatorConfig is of a user who has a role that is shipped, and nothing else.
func operatorConfig(env *envtest.Environment, name string, role *rbacv1.ClusterRole) (*rest.Config, error) {
	user, err := env.AddUser(envtest.User{Name: name}, nil)
	if err != nil {
		return nil, err
	}
	election, err := electionRules()
	if err != nil {
		return nil, err
	}
	role.Name = name
	role.Rules = append(role.Rules, election...)
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: name}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := world.admin.Create(context.Background(), object); err != nil {
			return nil, err
		}
	}
	return user.Config(), nil
}

// shippedRole is the operator's role in an overlay.
func shippedRole(overlay string) (*rbacv1.ClusterRole, error) {
	folder := filepath.Join("..", "config", overlay)
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	for _, resource := range built.Resources() {
		if resource.GetKind() != "ClusterRole" || resource.GetName() != "mainstay-manager" {
			continue
		}
		data, err := resource.AsYAML()
		if err != nil {
			return nil, err
		}
		role := &rbacv1.ClusterRole{}
		return role, yaml.UnmarshalStrict(data, role)
	}
	return nil, fmt.Errorf("expected a ClusterRole mainstay-manager in %s, found none", folder)
}

// electionRules are those with which replicas agree on a leader. They ship for the operator's own namespace.
func electionRules() ([]rbacv1.PolicyRule, error) {
	data, err := os.ReadFile(filepath.Join("..", "config", "rbac", "leader_election.yaml"))
	if err != nil {
		return nil, err
	}
	role := &rbacv1.Role{}
	first, _, _ := bytes.Cut(data, []byte("\n---\n"))
	if err := yaml.UnmarshalStrict(first, role); err != nil {
		return nil, err
	}
	return role.Rules, nil
}

// playVendors starts a server for each vendor. They play healthy, but for the credentials that a test
// names.
func playVendors() error {
	fixtures, err := providertest.Load()
	if err != nil {
		return err
	}
	world.vendors, world.urls = map[string]*providertest.Vendor{}, map[string]string{}
	endpoints := map[string]string{}
	for _, f := range fixtures {
		if known := world.vendors[f.Provider]; known != nil {
			known.Also(f)
			continue
		}
		vendor := providertest.NewVendor(f)
		world.vendors[f.Provider] = vendor
		world.urls[f.Provider] = httptest.NewServer(vendor).URL + f.BasePath
		if p, _ := provider.Find(f.Kind, f.Provider); p.BaseURL != "" {
			endpoints[f.Provider] = world.urls[f.Provider]
		}
	}
	if world.nameServer, err = nameServer(); err != nil {
		return err
	}
	reviewer, err := controllers.NewReviewer(world.operator)
	if err != nil {
		return err
	}
	guard := probe.Guard{AllowHTTP: true, AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	// Without a heartbeat, since one that falls into a test by chance is a write that nobody expects.
	world.options = controllers.Options{
		Target: target.Options{Guard: guard, Endpoints: endpoints},
		Client: probe.NewNetwork(probe.NetworkOptions{
			Guard: guard, UserAgent: "mainstay/test", NameServer: world.nameServer, Reviewer: reviewer,
		}),
		Concurrent:  4,
		MaxInFlight: 64,
	}
	return nil
}

// nameServer starts one that knows the domains of the vendors' fixtures.
func nameServer() (address string, err error) {
	zone, err := providertest.Zones()
	if err != nil {
		return "", err
	}
	server, err := dnstest.Start()
	if err != nil {
		return "", err
	}
	return server.Address, server.Load(zone)
}

// aloneLabel marks the objects of a test that runs an operator of its own for them, by its value.
const aloneLabel = "mainstay-test/alone"

// setup is what a test may change of an operator of its own.
type setup struct {
	config  *rest.Config
	manager ctrl.Options
	options controllers.Options
}

// alone has an operator serve the objects with a value of aloneLabel, and no others.
func (s *setup) alone(value string) { s.serve(labels.Set{aloneLabel: value}.AsSelector()) }

func (s *setup) serve(selector labels.Selector) {
	s.manager.Cache.ByObject = map[client.Object]cache.ByObject{}
	for _, kind := range target.Kinds {
		s.manager.Cache.ByObject[kind.New().(client.Object)] = cache.ByObject{Label: selector}
	}
	s.manager.Cache.ByObject[&v1alpha1.DependencySet{}] = cache.ByObject{Label: selector}
}

// startOperator runs the operator until the function that it returns is called.
func startOperator(registry *prometheus.Registry, changes ...func(*setup)) (func(), error) {
	others, err := labels.Parse("!" + aloneLabel)
	if err != nil {
		return nil, err
	}
	skip := true // Operators of one process share their controllers' names.
	s := setup{config: world.operator, options: world.options, manager: ctrl.Options{
		Scheme:     world.scheme,
		Logger:     ctrl.Log,
		Cache:      controllers.CacheOptions(),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: &skip},
	}}
	s.serve(others)
	s.options.Registry = registry
	for _, change := range changes {
		change(&s)
	}
	mgr, err := ctrl.NewManager(s.config, s.manager)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := controllers.Add(ctx, mgr, s.options); err != nil {
		cancel()
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			ctrl.Log.Error(err, "The operator ended")
		}
	}, nil
}

// newNamespace returns a namespace of the test's own.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	create(t, namespace)
	return namespace.Name
}

func create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		if err := world.admin.Create(t.Context(), object); err != nil {
			t.Fatalf("create %T %s: %v", object, object.GetName(), err)
		}
	}
}

func update(t *testing.T, object client.Object, change func()) {
	t.Helper()
	if err := world.admin.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		t.Fatal(err)
	}
	change()
	if err := world.admin.Update(t.Context(), object); err != nil {
		t.Fatalf("update %T %s: %v", object, object.GetName(), err)
	}
}

// key returns a credential that looks like one of OpenAI's, is the test's own, and carries the canary.
func key(t *testing.T) string {
	return fmt.Sprintf("sk-%s-%x", canary, t.Name()+time.Now().String())
}

func secret(namespace, value string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "credential"},
		StringData: map[string]string{"apiKey": value},
	}
}

func openAI(namespace string) *v1alpha1.AIProvider {
	ai := &v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "assistant"}}
	ai.Spec.Provider = "OpenAI"
	ai.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	return ai
}

func resend(namespace string) *v1alpha1.EmailProvider {
	email := &v1alpha1.EmailProvider{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "transactional"}}
	email.Spec.Provider = "Resend"
	email.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	return email
}

// lockedBuffer is a log that tests may read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// hang is a vendor that never answers; it says when it was asked, and when the asker gave up.
func hang(t *testing.T) (url string, asked, gone <-chan struct{}) {
	t.Helper()
	askedCh, goneCh := make(chan struct{}, 16), make(chan struct{}, 16)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		askedCh <- struct{}{}
		<-r.Context().Done()
		goneCh <- struct{}{}
	}))
	t.Cleanup(server.Close)
	return server.URL, askedCh, goneCh
}
