// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/config/crd"
	"mainstay.dev/mainstay/internal/target"
)

// cluster is what the commands need that look into one.
type cluster struct {
	surroundings
	flags             *genericclioptions.ConfigFlags
	allNamespaces     bool
	operatorNamespace string
	output            string

	client client.WithWatch
	// context is the name of the kubeconfig's context, namespace where to look; empty for everywhere.
	context, namespace string
}

func newCluster(s surroundings) *cluster {
	return &cluster{surroundings: s, flags: genericclioptions.NewConfigFlags(true)}
}

// addFlags adds those of kubectl that say where the cluster is, and as whom to go there.
func (c *cluster) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	c.flags.AddFlags(flags)
	flags.StringVarP(&c.output, "output", "o", "text", "`format` of the output: text or json")
	flags.StringVar(&c.operatorNamespace, "operator-namespace", "mainstay-system",
		"`namespace` of the operator, whose Lease says whether it lives")
	c.completesFlags(cmd)
}

func (c *cluster) addAllNamespaces(flags *pflag.FlagSet) {
	flags.BoolVarP(&c.allNamespaces, "all-namespaces", "A", false, "look into every namespace")
}

// connect reads the kubeconfig. It sends nothing yet.
func (c *cluster) connect() error {
	if c.output != "text" && c.output != "json" {
		return fmt.Errorf("--output: expected text or json, found %q", c.output)
	}
	loader := c.flags.ToRawKubeConfigLoader()
	config, err := c.flags.ToRESTConfig()
	if err != nil {
		return fmt.Errorf("find a cluster: %w (set KUBECONFIG, --kubeconfig or --context)", err)
	}
	if c.namespace, _, err = loader.Namespace(); err != nil {
		return fmt.Errorf("find the namespace: %w", err)
	}
	if c.allNamespaces {
		c.namespace = ""
	}
	if raw, err := loader.RawConfig(); err == nil {
		c.context = raw.CurrentContext
	}
	if *c.flags.Context != "" {
		c.context = *c.flags.Context
	}
	known := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(known), v1alpha1.AddToScheme(known)); err != nil {
		return err
	}
	log.SetLogger(logr.Discard()) // Or the client complains after a while that it has none.
	config.UserAgent = "kubectl-mainstay/" + versionName()
	config.QPS, config.Burst = 50, 100
	c.client, err = client.NewWithWatch(config, client.Options{Scheme: known})
	if err != nil {
		return c.explain(err, "")
	}
	return nil
}

// denied says that the caller lacks a permission, and who can grant it.
type denied struct{ text string }

func (d denied) Error() string { return d.text }

// explain makes of what the API server says what the reader can do about it.
func (c *cluster) explain(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return denied{fmt.Sprintf("%s: you lack a permission: %v\n%s", what, err, c.whoGrants())}
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("the cluster does not know you (401): log in again, or choose another --context: %w", err)
	case meta.IsNoMatchError(err):
		return fmt.Errorf("the cluster has no such kind of group %s: install Mainstay's CRDs with 'kubectl apply -k config/crd': %w",
			v1alpha1.GroupVersion.Group, err)
	case errors.Is(err, context.Canceled):
		return errInterrupted
	case errors.As(err, new(*net.OpError)):
		return fmt.Errorf("the cluster does not answer: is it up, and the one that you mean (KUBECONFIG, --kubeconfig, --context)? %w", err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// whoGrants says how a reader gets what is missing. The roles that ship join the built-in ones.
func (c *cluster) whoGrants() string {
	if c.namespace == "" {
		return "Who administers the cluster can grant it: bind you to the ClusterRole view, or edit where you change things; or leave out -A."
	}
	return fmt.Sprintf("Who administers namespace %s can grant it:\n  kubectl create rolebinding mainstay-view -n %s --clusterrole=view --user=%s",
		c.namespace, c.namespace, placeholderUser)
}

const placeholderUser = "YOU"

// names are what a kind is called on a command line.
type names struct {
	kind, plural string
	all          []string
}

// kindNames are those of every kind, from the CRDs.
var kindNames = sync.OnceValues(func() ([]names, error) {
	definitions, err := crd.All()
	if err != nil {
		return nil, err
	}
	var known []names
	for _, d := range definitions {
		n := d.Spec.Names
		all := append([]string{strings.ToLower(n.Kind), n.Singular, n.Plural}, n.ShortNames...)
		known = append(known, names{kind: n.Kind, plural: n.Plural, all: all})
	}
	return known, nil
})

// kindOf returns the kind that a word of a command line means, with or without the group.
func kindOf(word string) (names, bool) {
	word, _, _ = strings.Cut(strings.ToLower(word), ".")
	known, err := kindNames()
	if err != nil {
		return names{}, false
	}
	for _, n := range known {
		for _, name := range n.all {
			if word == name {
				return n, true
			}
		}
	}
	return names{}, false
}

// pluralOf returns the name of a kind's resource.
func pluralOf(kind string) string {
	n, _ := kindOf(kind)
	return n.plural
}

// named is one object of a command line.
type named struct{ kind, name string }

func (n named) String() string { return strings.ToLower(n.kind) + "/" + n.name }

// parseObject reads KIND/NAME.
func parseObject(word string) (named, error) {
	kind, name, found := strings.Cut(word, "/")
	known, isKind := kindOf(kind)
	if !found || name == "" || !isKind || strings.Contains(name, "/") {
		return named{}, fmt.Errorf("expected KIND/NAME such as emailprovider/transactional, found %q; kinds are %s", word, strings.Join(allKinds(), ", "))
	}
	return named{known.kind, name}, nil
}

// parseObjects reads KIND/NAME..., or KIND NAME... as kubectl does too.
func parseObjects(words []string) ([]named, error) {
	kind, isKind := kindOf(words[0])
	if len(words) > 1 && isKind && !strings.Contains(words[0], "/") {
		objects := make([]named, 0, len(words)-1)
		for _, name := range words[1:] {
			if strings.Contains(name, "/") {
				return nil, fmt.Errorf("expected a name after %s, found %q", words[0], name)
			}
			objects = append(objects, named{kind.kind, name})
		}
		return objects, nil
	}
	objects := make([]named, len(words))
	for i, word := range words {
		var err error
		if objects[i], err = parseObject(word); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

func allKinds() []string {
	kinds := make([]string, 0, len(target.Kinds)+1)
	for _, k := range target.Kinds {
		kinds = append(kinds, k.Name)
	}
	return append(kinds, setKind)
}

const setKind = "DependencySet"

// dependency returns an object of a probed kind by its name.
func (c *cluster) dependency(ctx context.Context, n named) (target.Kind, target.Dependency, error) {
	kind, probed := target.FindKind(n.kind)
	if !probed {
		return kind, nil, fmt.Errorf("%s is not probed itself: name one of its members ('kubectl mainstay status' lists them)", n)
	}
	if c.namespace == "" {
		return kind, nil, errors.New("-A does not go with the name of an object: give its namespace with -n")
	}
	object := kind.New()
	err := c.client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: n.name}, object)
	if apierrors.IsNotFound(err) {
		if _, err := c.elsewhere(ctx); err != nil {
			return kind, nil, err
		}
		return kind, nil, fmt.Errorf("there is no %s in namespace %s: 'kubectl mainstay status -n %s' lists what is there", n, c.namespace, c.namespace)
	}
	return kind, object, c.explain(err, "read "+n.String())
}
