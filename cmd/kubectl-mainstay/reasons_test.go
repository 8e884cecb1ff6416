// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestEveryReasonIsExplained holds the explanations against the constants of the API.
func TestEveryReasonIsExplained(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/reasons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var constants []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Reason") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants = append(constants, value)
		}
		return true
	})
	explained := reasonNames(explanations())
	slices.Sort(constants)
	slices.Sort(explained)
	if diff := cmp.Diff(constants, explained); diff != "" {
		t.Errorf("reasons of the API (-) and explained reasons (+) differ:\n%s", diff)
	}
}

func TestReasonsLeaveNoPlaceholderOpen(t *testing.T) {
	r := mainstay(t, "reasons", "-o", "json")
	mustExit(t, r, exitMet)
	var all []explanation
	if err := json.Unmarshal([]byte(r.out), &all); err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if strings.ContainsAny(e.Seen+e.Advice, "{}[]") || e.Seen == "" {
			t.Errorf("%s: %q %q", e.Reason, e.Seen, e.Advice)
		}
	}
}

func TestReasonsAreListed(t *testing.T) {
	r := mainstay(t, "reasons")
	mustExit(t, r, exitMet)
	mustContain(t, r.out,
		"REASON STAGE BLAME MEANING",
		"InvalidAPIKey Authenticated Owner <provider> rejects the <credential> in Secret <secret> (key <key>).",
		"Unproven - -",
	)
	for line := range strings.SplitSeq(r.out, "\n") {
		if utf8.RuneCountInString(line) > width {
			t.Errorf("a line of %d columns: %q", utf8.RuneCountInString(line), line)
		}
	}
}

func TestOneReasonIsExplained(t *testing.T) {
	r := mainstay(t, "reasons", "apikeyrevokedorexpired")
	mustExit(t, r, exitMet)
	want := `APIKeyRevokedOrExpired
    Seen:         <provider> no longer accepts the <credential> in Secret <secret> (key <key>),
                  which it accepted before.
    Advice:       It was revoked or has expired: create a new one at <provider> and put it there.
    Who mends it: Owner (you: the spec, the Secret, or your account at the provider)
    Stage:        Authenticated
    Symptom:      KeyRevoked
`
	if diff := cmp.Diff(want, r.out); diff != "" {
		t.Error(diff)
	}
}

func TestAReasonOfTwoSymptomsIsExplainedForBoth(t *testing.T) {
	r := mainstay(t, "reasons", "DestinationNotAllowed")
	mustExit(t, r, exitMet)
	mustContain(t, r.out, "PlainHTTPRefused", "AddressRefused")
}

func TestVersionAndHelp(t *testing.T) {
	r := mainstay(t, "version")
	mustExit(t, r, exitMet)
	mustContain(t, r.out, "kubectl-mainstay ", "go1.")
	for _, args := range [][]string{{}, {"--help"}, {"check", "--help"}, {"reasons", "--help"}} {
		r := mainstay(t, args...)
		mustExit(t, r, exitMet)
		mustContain(t, r.out, "kubectl mainstay")
	}
}
