// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"strings"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/internal/target"
)

// kustomizeHash is what kustomize appends to the names that it generates.
var kustomizeHash = regexp.MustCompile(`^-[a-z0-9]{10}$`)

// hint says what only a check can say of a Secret that is not there: where it was looked for, and what
// may be meant. It returns nothing for any other reason.
func hint(f finding, input manifest.Input) string {
	ref := f.Object.SharedSpec().SecretRef
	reason := f.condition(v1alpha1.ConditionHealthy).Reason
	if ref == nil || reason != v1alpha1.ReasonSecretNotFound && reason != v1alpha1.ReasonSecretKeyMissing {
		return ""
	}
	namespace := f.Object.GetNamespace()
	for name := range input.Secrets {
		suffix, found := strings.CutPrefix(name.Name, ref.Name)
		if name.Namespace == namespace && found && kustomizeHash.MatchString(suffix) {
			return fmt.Sprintf("The input has Secret %s: kustomize adds such a suffix unless generatorOptions sets disableNameSuffixHash.", name.Name)
		}
	}
	var flags []string
	for _, key := range target.RequiredKeys(f.Kind, f.Object) {
		flags = append(flags, fmt.Sprintf("--secret %s/%s/%s=env:VARIABLE", namespace, ref.Name, key))
	}
	return "Only the input was searched. To give the value here:\n" + strings.Join(flags, " \\\n")
}
