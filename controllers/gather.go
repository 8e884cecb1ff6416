// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

// maxRequest bounds the echo of the request to probe now, as the CRD does.
const maxRequest = 256

// key returns what the object's verdict has to be made for, from the cache alone where it holds what is referred
// to. It may be older than what gather reads; the event that brings the cache up to date comes back here.
func (r *Reconciler) key(ctx context.Context, object target.Dependency) (probe.Key, error) {
	key := keyOf(object)
	versions := client.Reader(r.Client)
	if r.Rereads {
		versions = r.APIReader
	}
	for _, ref := range references(object) {
		meta := &metav1.PartialObjectMetadata{}
		meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(ref.kind))
		err := versions.Get(ctx, client.ObjectKey{Namespace: object.GetNamespace(), Name: ref.name}, meta)
		if client.IgnoreNotFound(err) != nil {
			return key, fmt.Errorf("metadata of %s %s: %w", ref.kind, ref.name, err)
		}
		if err == nil {
			*ref.version(&key) = versionOf(meta)
		}
	}
	return key, nil
}

// gather reads what the object refers to, past the cache.
func (r *Reconciler) gather(ctx context.Context, object target.Dependency) (target.Inputs, probe.Key, error) {
	key := keyOf(object)
	inputs := target.Inputs{Kind: r.Kind, Object: object}
	for _, ref := range references(object) {
		name := client.ObjectKey{Namespace: object.GetNamespace(), Name: ref.name}
		found, err := r.read(ctx, ref.kind, name)
		if err != nil {
			return inputs, key, err
		}
		*ref.referent(&inputs) = found
		if found != nil {
			*ref.version(&key) = found.Version
		}
	}
	return inputs, key, nil
}

// read returns the content of a Secret or ConfigMap, or nil where there is none.
func (r *Reconciler) read(ctx context.Context, kind string, name client.ObjectKey) (*target.Referent, error) {
	secret, configMap := &corev1.Secret{}, &corev1.ConfigMap{}
	object := client.Object(secret)
	if kind == "ConfigMap" {
		object = configMap
	}
	if err := r.APIReader.Get(ctx, name, object); err != nil {
		if client.IgnoreNotFound(err) == nil {
			return nil, nil
		}
		return nil, fmt.Errorf("read %s %s: %w", kind, name.Name, err)
	}
	found := &target.Referent{
		Version: versionOf(object), Data: secret.Data,
		AllowedHosts: object.GetAnnotations()[v1alpha1.AllowedHostsAnnotation],
	}
	if kind == "ConfigMap" {
		found.Data = maps.Clone(configMap.BinaryData)
		if found.Data == nil {
			found.Data = map[string][]byte{}
		}
		for key, text := range configMap.Data {
			found.Data[key] = []byte(text)
		}
	}
	return found, nil
}

// reference is one object that a spec refers to, and where it goes.
type reference struct {
	kind, name string
	version    func(*probe.Key) *probe.Version
	referent   func(*target.Inputs) **target.Referent
}

// references returns what the spec of an object refers to.
func references(object target.Dependency) []reference {
	var refs []reference
	if s := object.SharedSpec().SecretRef; s != nil {
		refs = append(refs, reference{
			kind: "Secret", name: s.Name,
			version:  func(k *probe.Key) *probe.Version { return &k.Secret },
			referent: func(i *target.Inputs) **target.Referent { return &i.Secret },
		})
	}
	if c := object.SharedSpec().CARef; c != nil {
		refs = append(refs, reference{
			kind: c.Kind, name: c.Name,
			version:  func(k *probe.Key) *probe.Version { return &k.CA },
			referent: func(i *target.Inputs) **target.Referent { return &i.CA },
		})
	}
	return refs
}

func keyOf(object target.Dependency) probe.Key {
	return probe.Key{
		UID:        string(object.GetUID()),
		Generation: object.GetGeneration(),
		Request:    echo(object.GetAnnotations()[v1alpha1.RequestedAtAnnotation]),
	}
}

// echo returns a request to probe now, or what stands for it in a status where it is too long for one.
func echo(request string) string {
	runes := []rune(request)
	if len(runes) <= maxRequest {
		return request
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(request)))
	return string(runes[:maxRequest-len(hash)]) + hash
}

func versionOf(object metav1.Object) probe.Version {
	return probe.Version{UID: string(object.GetUID()), ResourceVersion: object.GetResourceVersion()}
}
