// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

// completionPatience bounds how long a shell waits for the names of objects.
const completionPatience = 3 * time.Second

// completesObjects has a command's arguments completed with objects of the cluster.
func (c *cluster) completesObjects(cmd *cobra.Command) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		return c.objects(cmd.Context(), args, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// completesFlags has the values of flags completed, as kubectl does with its own.
func (c *cluster) completesFlags(cmd *cobra.Command) {
	for flag, values := range map[string]func(context.Context) []string{
		"output": func(context.Context) []string { return []string{"text", "json"} },
		"context": func(context.Context) []string {
			config, _ := c.flags.ToRawKubeConfigLoader().RawConfig()
			return sortedKeys(config.Contexts)
		},
		"namespace": c.namespaces,
	} {
		// It fails for a flag that is not there, which the tests would see.
		_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return values(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		})
	}
}

func (c *cluster) namespaces(ctx context.Context) []string {
	var list corev1.NamespaceList
	if c.connect() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	if c.client.List(ctx, &list) != nil {
		return nil
	}
	names := make([]string, len(list.Items))
	for i, namespace := range list.Items {
		names[i] = namespace.Name
	}
	return names
}

// objects returns the objects of probed kinds in the namespace as KIND/NAME, or as names alone after a kind.
// Where the cluster does not answer there is nothing to offer, and nothing to say.
func (c *cluster) objects(ctx context.Context, args []string, typed string) []string {
	if err := c.connect(); err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	kinds, prefix := probedKinds(), ""
	if len(args) > 0 && !strings.Contains(args[0], "/") {
		kind, _ := kindOf(args[0])
		kinds = []string{kind.kind}
	} else if word, _, found := strings.Cut(typed, "/"); found {
		kind, _ := kindOf(word) // Whoever began with a short name goes on with it.
		kinds, prefix = []string{kind.kind}, word+"/"
	}
	var offered []string
	for _, kind := range kinds {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
		if kind == "" || c.client.List(ctx, list, client.InNamespace(c.namespace)) != nil {
			continue
		}
		for _, item := range list.Items {
			offer := item.Name
			switch {
			case prefix != "":
				offer = prefix + item.Name
			case len(kinds) > 1:
				offer = named{kind, item.Name}.String()
			}
			if strings.HasPrefix(offer, typed) {
				offered = append(offered, offer)
			}
		}
	}
	return offered
}
