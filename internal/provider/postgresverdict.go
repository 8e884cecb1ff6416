// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// judge says what came of an expectation: of the access itself and, where something that it names is missing, of
// that as well.
func (c check) judge(result probe.TurnResult) []probe.Finding {
	if result.Refusal.Code == statementTimedOut || result.Refusal.Code == lockNotAvailable {
		return c.found(probe.Undecided, probe.StatementTooSlow)
	}
	at := len(result.Tables)
	if result.Refusal.Code != "" && at < len(c.steps) && c.steps[at] != doing {
		return c.refused(c.steps[at], result.Refusal)
	}
	look := slices.Index(c.steps, looking)
	if len(result.Tables) <= look {
		return c.found(probe.Unprovable, probe.ExpectationUnproven)
	}
	f, ok := factsOf(result.Tables[look])
	switch {
	case !ok:
		return c.found(probe.Unprovable, probe.ExpectationUnproven)
	case !f.schema:
		return c.missing(probe.SchemaNotFound)
	case !f.table:
		return c.missing(probe.TableNotFound)
	case !f.columns:
		return c.missing(probe.ColumnNotFound)
	}
	if layer, denies := c.denies(f); denies {
		return c.denied(layer)
	}
	if c.Postgres.Verb != "SELECT" {
		return c.write(f)
	}
	if result.Refusal.Code != "" {
		return c.failed(f, result.Refusal)
	}
	rows := result.Tables[len(result.Tables)-1]
	return c.read(f, len(rows) == 1 && rows[0][0] == "t")
}

// SQLSTATEs of PostgreSQL, appendix A of its documentation.
const (
	statementTimedOut     = "57014"
	lockNotAvailable      = "55P03"
	noSuchRole            = "22023" // at SET ROLE
	undefinedFunction     = "42883"
	classOfDataFaults     = "22"
	insufficientPrivilege = "42501"
)

// refused says what it means that a database did not let us act as the expectation says.
func (c check) refused(at step, refusal probe.SQLError) []probe.Finding {
	switch {
	case at == acting && refusal.Code == noSuchRole:
		return c.missing(probe.RoleNotFound)
	case at == acting && refusal.Code == insufficientPrivilege:
		return c.found(probe.Failed, probe.SetRoleDenied)
	case at == setting:
		return c.found(probe.Failed, probe.SettingDenied)
	}
	return c.found(probe.Unprovable, probe.ExpectationUnproven)
}

// denies says which layer denies the access before any row is looked at.
func (c check) denies(f facts) (layer probe.Symptom, denies bool) {
	switch {
	case !f.usage:
		return probe.SchemaUsageMissing, true
	case len(c.Postgres.Columns) == 0 && !f.tablePrivilege:
		return probe.TablePrivilegeMissing, true
	case len(c.Postgres.Columns) > 0 && !f.allPrivileges:
		return probe.ColumnPrivilegeMissing, true
	case f.active && !f.policy:
		return probe.NoPolicyApplies, true
	}
	return probe.Symptom{}, false
}

// write judges a verb that is not done. Where policies decide, they look at each row.
func (c check) write(f facts) []probe.Finding {
	switch {
	case f.active:
		return c.found(probe.Unprovable, probe.PolicyDecides)
	case c.Denied:
		return c.found(probe.Failed, probe.AccessAllowed)
	}
	return nil
}

// failed judges a select that ended with an error although the role has the privileges.
func (c check) failed(f facts, refusal probe.SQLError) []probe.Finding {
	// The value is a parameter, of which the error speaks; a policy has none.
	ofValue := strings.HasPrefix(refusal.Code, classOfDataFaults) && (!f.active || strings.Contains(refusal.Where, "$1"))
	if c.Postgres.Rows != nil && (ofValue || refusal.Code == undefinedFunction) {
		return c.missing(probe.ColumnTypeMismatch)
	}
	return c.denied(probe.PolicyFails)
}

// read judges a select by whether it showed a row.
func (c check) read(f facts, shows bool) []probe.Finding {
	named := c.Postgres.Rows != nil
	switch {
	case !c.Denied && shows, c.Denied && !shows && f.active:
		return nil
	case !c.Denied && named && f.active:
		return c.found(probe.Failed, probe.RowsHidden)
	case !c.Denied && !named && !f.active:
		return nil // The table is empty, and open.
	case !c.Denied, named && !f.isTable && !shows:
		return c.found(probe.Unprovable, probe.RowsUnproven)
	case f.active:
		return c.found(probe.Failed, probe.RowsVisible)
	case !named, !f.isTable:
		return c.found(probe.Failed, probe.AccessAllowed)
	case !f.enabled:
		return c.found(probe.Failed, probe.RowSecurityDisabled)
	case f.bypasses:
		return c.found(probe.Failed, probe.RoleBypassesPolicies)
	}
	return c.found(probe.Failed, probe.OwnerBypassesPolicies)
}

// denied judges an access that a layer denies.
func (c check) denied(layer probe.Symptom) []probe.Finding {
	if c.Denied {
		return nil
	}
	return c.found(probe.Failed, layer)
}

// missing says that something which the expectation names is not there, so that nothing is known of the access.
func (c check) missing(what probe.Symptom) []probe.Finding {
	return append(c.found(probe.Failed, what), c.found(probe.Unprovable, probe.ExpectationUnproven)...)
}

func (c check) found(result probe.Result, s probe.Symptom) []probe.Finding {
	return []probe.Finding{{Result: result, Symptom: s, Args: []string{c.String()}}}
}

// weighAccess puts together what was found of all expectations: of each stage the gravest, which symptoms are in
// order of.
func (r *run) weighAccess(findings []probe.Finding) {
	symptoms, names := probe.Symptoms(), r.target.Wants.Names()
	results := []probe.Result{probe.Failed, probe.Undecided, probe.Unprovable}
	slices.SortStableFunc(findings, func(a, b probe.Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(results, a.Result), slices.Index(results, b.Result)),
			cmp.Compare(slices.Index(symptoms, a.Symptom), slices.Index(symptoms, b.Symptom)),
			cmp.Compare(slices.Index(names, a.Args[0]), slices.Index(names, b.Args[0])),
		)
	})
	unseen := false
	for _, f := range findings {
		unseen = unseen || f.Symptom == probe.SetRoleDenied || f.Symptom == probe.SettingDenied || f.Symptom == probe.StatementTooSlow
		stage := f.Symptom.Stage()
		switch standing := &r.outcome[stage]; {
		case standing.Result == probe.NotReached:
			*standing = f
		case standing.Result == f.Result && standing.Symptom == f.Symptom:
			standing.Args = append(standing.Args, f.Args...)
		}
	}
	if r.outcome[probe.Authorized].Result == probe.NotReached {
		r.outcome.Set(probe.Authorized, probe.Pass())
	}
	if r.outcome[probe.Provisioned].Result == probe.NotReached && !unseen {
		r.outcome.Set(probe.Provisioned, probe.Pass())
	}
}
