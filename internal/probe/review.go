// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
)

// Reviewer asks the API server of the cluster that it is in who may do what.
type Reviewer interface {
	Review(ctx context.Context, a KubernetesAccess) Ruling
}

// KubernetesAccess is something that a ServiceAccount does in its own namespace.
type KubernetesAccess struct {
	Namespace, ServiceAccount string
	// Verb, Group, Resource and Subresource are as RBAC has them. Name is that of one object; empty for all.
	Verb, Group, Resource, Subresource, Name string
}

// Ruling is what an API server says of an access.
type Ruling struct {
	// Fault is set where it decided nothing. Connected says that it answered all the same.
	Fault     Symptom
	Connected bool
	// Missing is what of the access the cluster has not got, so that there was nothing to decide; zero for nothing.
	Missing Symptom
	// Allowed and Denied are its decision. It is neither where no authorizer has an opinion, which denies as well.
	Allowed, Denied bool
	// Unsure says that an authorizer failed to decide.
	Unsure bool
	// Reason is remote text: for patterns, and never for a reader.
	Reason string
}

// String says who does what, as messages have it.
func (a KubernetesAccess) String() string {
	what := a.Resource
	if a.Group != "" {
		what += "." + a.Group
	}
	if a.Subresource != "" {
		what += "/" + a.Subresource
	}
	if a.Name != "" {
		what += " " + shown(a.Name)
	}
	return fmt.Sprintf("ServiceAccount %s: %s %s", a.ServiceAccount, a.Verb, what)
}

// Review implements Client.
func (c *Network) Review(ctx context.Context, a KubernetesAccess) Ruling {
	if c.reviewer == nil {
		return Ruling{Fault: ClusterNotAsked}
	}
	return c.reviewer.Review(ctx, a)
}

func (a KubernetesAccess) key() any { return a }

func (a KubernetesAccess) place() string { return a.Namespace + "\n" + a.String() }

func (a KubernetesAccess) through(ctx context.Context, c Client) Ruling { return c.Review(ctx, a) }

func (a KubernetesAccess) unanswered(l loss) Ruling {
	return Ruling{Fault: l.symptom, Connected: l.connected}
}

func (r Ruling) way() (Symptom, bool) { return r.Fault, r.Connected }

func (r Ruling) size() int { return len(r.Reason) }
