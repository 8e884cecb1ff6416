// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

// Name is a namespace and a name in it.
type Name struct{ Namespace, Name string }

// Input is what the manifests amount to.
type Input struct {
	Dependencies []Dependency
	Sets         []*v1alpha1.DependencySet
	Secrets      map[Name]target.Referent
	ConfigMaps   map[Name]target.Referent
	// Others counts the objects of other kinds.
	Others int
}

// Dependency is a valid Mainstay object with its defaults.
type Dependency struct {
	Kind   target.Kind
	Object target.Dependency
}

// sorter sorts objects into an Input.
type sorter struct {
	input     Input
	problems  []Problem
	rules     map[string]rules
	namespace string
	seen      map[string]Origin
}

// Sort picks from the objects what concerns Mainstay, and judges it. Objects without a namespace get the
// one given.
func Sort(objects []Object, namespace string) (Input, []Problem, error) {
	byKind, err := loadRules()
	if err != nil {
		return Input{}, nil, err
	}
	s := sorter{
		input: Input{Secrets: map[Name]target.Referent{}, ConfigMaps: map[Name]target.Referent{}},
		rules: byKind, namespace: namespace, seen: map[string]Origin{},
	}
	for _, object := range objects {
		s.add(object)
	}
	return s.input, s.problems, nil
}

func (s *sorter) add(o Object) {
	group, _, _ := strings.Cut(o.GetAPIVersion(), "/")
	switch {
	case group == v1alpha1.GroupVersion.Group:
		s.dependency(o)
	case o.GetAPIVersion() == "v1" && o.GetKind() == "Secret":
		s.referent(o, s.input.Secrets, secretFields)
	case o.GetAPIVersion() == "v1" && o.GetKind() == "ConfigMap":
		s.referent(o, s.input.ConfigMaps, configMapFields)
	default:
		s.input.Others++
	}
}

// admit puts the namespace in and refuses an object that was there before: which of the two would win
// depends on the order in which they are applied.
func (s *sorter) admit(o Object) bool {
	if o.Object["metadata"] == nil {
		o.Object["metadata"] = map[string]any{}
	}
	if metadata, ok := o.Object["metadata"].(map[string]any); ok && metadata["namespace"] == nil {
		metadata["namespace"] = s.namespace
	}
	title := titleOf(o)
	if first, twice := s.seen[title]; twice && o.GetName() != "" {
		s.fail(o, "is declared twice; the first time at "+first.String())
		return false
	}
	s.seen[title] = o.Origin
	return true
}

func (s *sorter) fail(o Object, text string) {
	s.problems = append(s.problems, Problem{Origin: o.Origin, Object: titleOf(o), Text: text})
}

func titleOf(o Object) string {
	if o.GetName() == "" {
		return o.GetKind()
	}
	return o.GetKind() + " " + strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")
}

func (s *sorter) dependency(o Object) {
	if !s.admit(o) {
		return
	}
	known := slices.Sorted(maps.Keys(s.rules))
	at := slices.IndexFunc(target.Kinds, func(k target.Kind) bool { return k.Name == o.GetKind() })
	switch {
	case o.GetAPIVersion() != v1alpha1.GroupVersion.String():
		s.fail(o, fmt.Sprintf("apiVersion: found %q, allowed is %q", o.GetAPIVersion(), v1alpha1.GroupVersion))
		return
	case at < 0 && o.GetKind() != setKind:
		s.fail(o, fmt.Sprintf("kind: found %q, known are %s%s", o.GetKind(), strings.Join(known, ", "), meant(o.GetKind(), known)))
		return
	}
	problems := s.rules[o.GetKind()].apply(o.Unstructured)
	for _, text := range problems {
		s.fail(o, text)
	}
	if len(problems) > 0 {
		return
	}
	if o.GetGeneration() == 0 {
		o.SetGeneration(1) // As the API server does with a new object.
	}
	if at < 0 {
		set := &v1alpha1.DependencySet{}
		s.input.Sets = append(s.input.Sets, set)
		s.decode(o, set)
		return
	}
	d := Dependency{Kind: target.Kinds[at], Object: target.Kinds[at].New()}
	s.input.Dependencies = append(s.input.Dependencies, d)
	s.decode(o, d.Object)
}

// setKind is the kind that is judged by its members rather than probed.
const setKind = "DependencySet"

func (s *sorter) decode(o Object, into any) {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
		s.fail(o, err.Error())
	}
}

// dataField is a field with data; encoded says that its values are base64.
type dataField struct {
	name    string
	encoded bool
}

// Of two fields the later one wins.
var (
	secretFields    = []dataField{{"data", true}, {"stringData", false}}
	configMapFields = []dataField{{"data", false}, {"binaryData", true}}
)

func (s *sorter) referent(o Object, into map[Name]target.Referent, fields []dataField) {
	if !s.admit(o) {
		return
	}
	if o.GetName() == "" {
		s.fail(o, "metadata.name: is required")
		return
	}
	r := target.Referent{Data: map[string][]byte{}, AllowedHosts: o.GetAnnotations()[v1alpha1.AllowedHostsAnnotation]}
	for _, field := range fields {
		for _, problem := range field.read(o.Unstructured, r.Data) {
			s.fail(o, problem)
		}
	}
	into[Name{o.GetNamespace(), o.GetName()}] = r
}

// read adds the values of the field to data. What it finds wrong names the key and never the value, which
// may be a credential.
func (f dataField) read(u *unstructured.Unstructured, data map[string][]byte) []string {
	raw, found := u.Object[f.name]
	if !found || raw == nil {
		return nil
	}
	values, ok := raw.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s: expected keys with values, found %s", f.name, typeName(raw))}
	}
	var problems []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, isText := values[key].(string)
		switch {
		case !isText && values[key] != nil:
			problems = append(problems, fmt.Sprintf("%s.%s: expected text, found %s: put the value in quotes", f.name, key, typeName(values[key])))
		case !f.encoded:
			data[key] = []byte(text)
		default:
			value, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				problems = append(problems, fmt.Sprintf("%s.%s: is not base64: encode the value, or use stringData in a Secret", f.name, key))
				continue
			}
			data[key] = value
		}
	}
	return problems
}
