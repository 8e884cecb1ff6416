// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"strings"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

func accessWants(d Dependency) probe.Wants {
	var wants probe.AccessWants
	for _, e := range d.(*v1alpha1.AccessCheck).Spec.Expectations {
		expected := probe.Expectation{Name: e.Name, Denied: e.Expect == v1alpha1.AccessDeny}
		if e.Postgres != nil {
			expected.Postgres = postgresAccess(e.Postgres)
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
	if a.Rows != nil {
		access.Rows = &probe.PostgresRows{Column: a.Rows.Column, Value: text(a.Rows.Value)}
	}
	return access
}

// text is a text that may be missing.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
