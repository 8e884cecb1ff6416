// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"cmp"
	"slices"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
)

func httpAccess(a *v1alpha1.HTTPAccess) *probe.HTTPAccess {
	return &probe.HTTPAccess{As: a.TokenKey, Method: string(cmp.Or(a.Method, v1alpha1.HTTPGet)), Path: a.Path}
}

func postgRESTAccess(a *v1alpha1.PostgRESTAccess) *probe.PostgRESTAccess {
	return &probe.PostgRESTAccess{As: a.TokenKey, Schema: a.Schema, Table: a.Table, Columns: a.Columns, Rows: postgresRows(a.Rows)}
}

// gatewayKey is the key of its Secret under which a check may have the API key of a gateway.
func gatewayKey(spec v1alpha1.AccessCheckSpec) string {
	if spec.Provider != v1alpha1.AccessPostgREST || spec.SecretRef == nil {
		return ""
	}
	return spec.SecretRef.DataKey()
}

// accessKeys are the keys of its Secret that a check names: those of its tokens, and that of a gateway. It says false
// where the provider has keys of its own.
func accessKeys(d Dependency) (keys []provider.Key, named bool) {
	spec := d.(*v1alpha1.AccessCheck).Spec
	if spec.Provider != v1alpha1.AccessHTTP && spec.Provider != v1alpha1.AccessPostgREST {
		return nil, false
	}
	var tokens []string
	for _, e := range spec.Expectations {
		switch {
		case e.HTTP != nil:
			tokens = append(tokens, e.HTTP.TokenKey)
		case e.PostgREST != nil:
			tokens = append(tokens, e.PostgREST.TokenKey)
		}
	}
	slices.Sort(tokens)
	for _, name := range slices.Compact(tokens) {
		if name != "" { // Nobody has none.
			keys = append(keys, provider.Key{Name: name})
		}
	}
	if gateway := gatewayKey(spec); gateway != "" && !slices.Contains(tokens, gateway) {
		keys = append(keys, provider.Key{Name: gateway, Optional: spec.SecretRef.Key == ""})
	}
	return keys, true
}

// identified has expectations name the roles that their tokens claim.
func identified(t *probe.Target, _ provider.Provider, _ Inputs) (probe.Finding, bool) {
	if wants, ok := t.Wants.(probe.AccessWants); ok {
		t.Wants = wants.Identified(t.Credential)
	}
	return probe.Finding{}, false
}
