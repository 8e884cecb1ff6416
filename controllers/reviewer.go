// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"mainstay.dev/mainstay/internal/probe"
)

// Reviewer has the API server of the cluster decide who may do what. A review answers no where the ServiceAccount or
// the resource does not exist, as it would for a slip of the pen, and who expects a denial would take that for
// proof. So it looks whether both are there.
type Reviewer struct {
	client client.Client
	served catalogue
}

var _ probe.Reviewer = (*Reviewer)(nil)

// +kubebuilder:rbac:groups=authorization.k8s.io,resources=localsubjectaccessreviews,verbs=create
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get

// NewReviewer returns a reviewer with connections of its own, so that reviews do not keep the reconcilers waiting.
func NewReviewer(config *rest.Config) (*Reviewer, error) {
	connection, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("reviewer: %w", err)
	}
	asks, err := client.New(config, client.Options{HTTPClient: connection, Scheme: scheme.Scheme})
	if err != nil {
		return nil, fmt.Errorf("reviewer: %w", err)
	}
	lists, err := discovery.NewDiscoveryClientForConfigAndClient(config, connection)
	if err != nil {
		return nil, fmt.Errorf("reviewer: %w", err)
	}
	return &Reviewer{client: asks, served: catalogue{client: lists}}, nil
}

// Review implements probe.Reviewer.
func (r *Reviewer) Review(ctx context.Context, a probe.KubernetesAccess) probe.Ruling {
	missing, err := r.lacks(ctx, a)
	if err != nil {
		return unruled(err)
	}
	if missing != (probe.Symptom{}) {
		return probe.Ruling{Connected: true, Missing: missing}
	}
	review := reviewOf(a)
	if err := r.client.Create(ctx, review); err != nil {
		return unruled(err)
	}
	return probe.Ruling{
		Connected: true, Allowed: review.Status.Allowed, Denied: review.Status.Denied,
		Unsure: review.Status.EvaluationError != "", Reason: review.Status.Reason,
	}
}

// lacks says what an access names and the cluster has not got; nothing where it has all.
func (r *Reviewer) lacks(ctx context.Context, a probe.KubernetesAccess) (probe.Symptom, error) {
	resources, err := r.served.of(ctx, a.Group)
	if err != nil {
		return probe.Symptom{}, err
	}
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	namespaced, found := resources[resource]
	switch {
	case !found:
		return probe.ResourceNotFound, nil
	case !namespaced:
		return probe.ResourceNotNamespaced, nil
	}
	account := &metav1.PartialObjectMetadata{}
	account.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ServiceAccount"))
	err = r.client.Get(ctx, client.ObjectKey{Namespace: a.Namespace, Name: a.ServiceAccount}, account)
	if apierrors.IsNotFound(err) {
		return probe.ServiceAccountNotFound, nil
	}
	return probe.Symptom{}, err
}

// reviewOf asks for a ServiceAccount with the groups that its token would give it.
func reviewOf(a probe.KubernetesAccess) *authorizationv1.LocalSubjectAccessReview {
	return &authorizationv1.LocalSubjectAccessReview{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.Namespace},
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:   "system:serviceaccount:" + a.Namespace + ":" + a.ServiceAccount,
			Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + a.Namespace, "system:authenticated"},
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: a.Namespace, Verb: a.Verb, Group: a.Group, Resource: a.Resource, Subresource: a.Subresource, Name: a.Name,
			},
		},
	}
}

// unruled says what it means that the API server decided nothing. That it does not let us ask, or does not
// understand us, is our own fault.
func unruled(err error) probe.Ruling {
	var answer apierrors.APIStatus
	ruling := probe.Ruling{Fault: probe.APIServerUnavailable, Connected: errors.As(err, &answer)}
	switch {
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		ruling.Fault = probe.ReviewForbidden
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsNotFound(err), errors.Is(err, context.Canceled):
		ruling.Fault = probe.ProbeFailed
	}
	return ruling
}
