// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

// secretKey is one key of a Secret.
type secretKey struct {
	manifest.Name
	key string
}

func (k secretKey) String() string { return k.Namespace + "/" + k.Name.Name + "/" + k.key }

// givenSecrets are the values that the user gave with --secret.
type givenSecrets struct {
	values map[secretKey]probe.Secret
	used   map[secretKey]bool
}

const secretForm = "expected NAMESPACE/NAME/KEY=env:VARIABLE"

// parseSecrets reads the flags and the environment variables that they name. No error repeats what
// stands right of the equals sign, nor a flag without one: people paste the value itself there.
func parseSecrets(flags []string, env func(string) (string, bool)) (givenSecrets, error) {
	given := givenSecrets{values: map[secretKey]probe.Secret{}, used: map[secretKey]bool{}}
	for i, flag := range flags {
		name, source, found := strings.Cut(flag, "=")
		parts := strings.Split(name, "/")
		if !found || len(parts) != 3 || slices.Contains(parts, "") {
			return given, fmt.Errorf("--secret number %d: %s", i+1, secretForm)
		}
		variable, isEnv := strings.CutPrefix(source, "env:")
		if !isEnv {
			return given, fmt.Errorf("--secret %s: %s: a value is never taken from the command line, where others can read it", name, secretForm)
		}
		value, isSet := env(variable)
		if !isSet {
			return given, fmt.Errorf("--secret %s: the environment variable that it names is not set", name)
		}
		key := secretKey{manifest.Name{Namespace: parts[0], Name: parts[1]}, parts[2]}
		if _, twice := given.values[key]; twice {
			return given, fmt.Errorf("--secret %s: is given twice", name)
		}
		given.values[key] = probe.NewSecret(value)
	}
	return given, nil
}

// over returns a Secret of the manifests with the values given for those of its keys that are read. Where
// values are given, they are all that the credential is made of: consent covers them and no others.
func (g givenSecrets) over(found *target.Referent, name manifest.Name, keys []string) *target.Referent {
	given := &target.Referent{Data: map[string][]byte{}, Consented: true}
	for _, k := range keys {
		key := secretKey{name, k}
		if value, isGiven := g.values[key]; isGiven {
			g.used[key] = true
			given.Data[k] = []byte(value.Reveal())
		}
	}
	if len(given.Data) == 0 {
		return found
	}
	return given
}

// unused returns the names of the values that nothing asked for.
func (g givenSecrets) unused() []string {
	var names []string
	for key := range maps.Keys(g.values) {
		if !g.used[key] {
			names = append(names, key.String())
		}
	}
	slices.Sort(names)
	return names
}
