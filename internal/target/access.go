// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"strings"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
)

// accessPlace is the namespace of an object for which the API server of its cluster decides, and the server of the
// spec for one that is about a database.
func accessPlace(d Dependency) string {
	if vendor, _ := provider.Find("AccessCheck", d.Provider()); vendor.Speaks == provider.Kubernetes {
		return d.GetNamespace()
	}
	return postgresPlace(d)
}

func accessWants(d Dependency) probe.Wants {
	spec := d.(*v1alpha1.AccessCheck).Spec
	wants := probe.AccessWants{GatewayKey: gatewayKey(spec)}
	for _, e := range spec.Expectations {
		expected := probe.Expectation{Name: e.Name, Denied: e.Expect == v1alpha1.AccessDeny}
		switch {
		case e.Postgres != nil:
			expected.Postgres = postgresAccess(e.Postgres)
		case e.HTTP != nil:
			expected.HTTP = httpAccess(e.HTTP)
		case e.PostgREST != nil:
			expected.PostgREST = postgRESTAccess(e.PostgREST)
		case e.Kubernetes != nil:
			expected.Kubernetes = kubernetesAccess(d.GetNamespace(), e.Kubernetes)
		}
		wants.Expectations = append(wants.Expectations, expected)
	}
	return wants
}

func postgresAccess(a *v1alpha1.PostgresAccess) *probe.PostgresAccess {
	access := &probe.PostgresAccess{
		Role: a.Role, Verb: strings.ToUpper(string(a.Verb)), Schema: a.Schema, Table: a.Table, Columns: a.Columns,
	}
	for _, s := range a.Settings {
		access.Settings = append(access.Settings, probe.PostgresSetting{Name: s.Name, Value: text(s.Value)})
	}
	access.Rows = postgresRows(a.Rows)
	return access
}

func postgresRows(r *v1alpha1.PostgresRows) *probe.PostgresRows {
	if r == nil {
		return nil
	}
	return &probe.PostgresRows{Column: r.Column, Value: text(r.Value)}
}

func kubernetesAccess(namespace string, a *v1alpha1.KubernetesAccess) *probe.KubernetesAccess {
	return &probe.KubernetesAccess{
		Namespace: namespace, ServiceAccount: a.ServiceAccountName, Verb: a.Verb, Group: a.Group, Resource: a.Resource,
		Subresource: a.Subresource, Name: a.ResourceName,
	}
}

// text is a text that may be missing.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
