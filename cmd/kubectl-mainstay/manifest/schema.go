// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/config/crd"
)

// rules are what the API server holds an object of one kind against.
type rules struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	cel        *cel.Validator
}

// loadRules reads the rules of every kind from the embedded CRDs.
func loadRules() (map[string]rules, error) {
	definitions, err := crd.All()
	if err != nil {
		return nil, err
	}
	byKind := map[string]rules{}
	for _, definition := range definitions {
		for _, version := range definition.Spec.Versions {
			if version.Name != v1alpha1.GroupVersion.Version {
				continue
			}
			r, err := newRules(version.Schema.OpenAPIV3Schema)
			if err != nil {
				return nil, fmt.Errorf("embedded CRD %s: %w", definition.Name, err)
			}
			byKind[definition.Spec.Names.Kind] = r
		}
	}
	return byKind, nil
}

func newRules(v1 *apiextensionsv1.JSONSchemaProps) (rules, error) {
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v1, &props, nil); err != nil {
		return rules{}, err
	}
	structural, err := structuralschema.NewStructural(&props)
	if err != nil {
		return rules{}, err
	}
	schema, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		return rules{}, err
	}
	return rules{structural, schema, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// apply defaults an object and returns what the API server would refuse, in the order in which it looks.
// Fields that it would drop without a word are errors here, as with kubectl's strict validation.
func (r rules) apply(u *unstructured.Unstructured) []string {
	delete(u.Object, "status") // The API server ignores it where an object is created.
	defaulting.Default(u.Object, r.structural)

	meta, _, unknown, err := objectmeta.GetObjectMetaWithOptions(u.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	unknown = append(unknown, pruning.PruneWithOptions(u.Object, r.structural, true,
		structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, r.structural)
	var problems []string
	for _, path := range unknown {
		problems = append(problems, r.unknownField(path))
	}

	var errs field.ErrorList
	switch {
	case err != nil:
		problems = append(problems, malformed(err)...)
	case meta == nil:
		errs = field.ErrorList{field.Required(field.NewPath("metadata", "name"), "")}
	default:
		errs = metavalidation.ValidateObjectMeta(meta, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	}
	errs = append(errs, validation.ValidateCustomResource(nil, u.Object, r.schema)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, r.structural, u.Object)...)
	blocked := slices.ContainsFunc(errs, blocking)
	if !blocked {
		found, _ := r.cel.Validate(context.Background(), nil, r.structural, u.Object, nil, celconfig.RuntimeCELCostBudget)
		errs = append(errs, found...)
	}
	slices.SortStableFunc(errs, func(a, b *field.Error) int { return strings.Compare(a.Field, b.Field) })
	for _, err := range errs {
		if !repeated(err, errs) {
			problems = append(problems, fieldProblem(err))
		}
	}
	if blocked {
		problems[len(problems)-1] += " (further rules were not checked: they need this to be right)"
	}
	return problems
}

// goType is how the JSON decoder says that a field of the metadata has the wrong type.
var goType = regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field ObjectMeta\.(\S+) of type (\S+)`)

// malformed says why metadata cannot be read; nothing where it is no object, since the schema says so.
func malformed(err error) []string {
	text := err.Error()
	if m := goType.FindStringSubmatch(text); m != nil {
		return []string{fmt.Sprintf("metadata.%s: holds a %s where a %s belongs", m[2], m[1], m[3])}
	}
	if strings.Contains(text, "into Go value") {
		return nil
	}
	return []string{"metadata: cannot be read: " + strings.TrimPrefix(text, "json: ")}
}

// blocking says whether the API server skips the CEL rules because of an error.
func blocking(err *field.Error) bool {
	return slices.Contains([]field.ErrorType{
		field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong,
		field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid,
	}, err.Type)
}

// checkedValue is how the validator complains about the format of a number, without naming the field
// where it should.
var checkedValue = regexp.MustCompile(`^Checked value (must be of type .*) in (\S+)$`)

// repeated says whether an error about the format of a number says again what another one says better.
func repeated(err *field.Error, all field.ErrorList) bool {
	m := checkedValue.FindStringSubmatch(err.Detail)
	return m != nil && slices.ContainsFunc(all, func(other *field.Error) bool { return other.Field == m[2] })
}

// unknownField names a field that the schema does not have, and the one that was most likely meant.
func (r rules) unknownField(path string) string {
	parent, name := r.structural, path
	for {
		head, tail, deeper := strings.Cut(name, ".")
		if !deeper {
			break
		}
		head, _, _ = strings.Cut(head, "[")
		next, known := parent.Properties[head]
		if !known {
			return path + ": unknown field"
		}
		if next.Items != nil {
			next = *next.Items
		}
		parent, name = &next, tail
	}
	known := slices.Sorted(maps.Keys(parent.Properties))
	switch nearest := Nearest(name, known); {
	case len(nearest) > 0:
		return fmt.Sprintf("%s: unknown field, did you mean %s?", path, nearest[0])
	case len(known) > 0:
		return fmt.Sprintf("%s: unknown field, known are %s", path, strings.Join(known, ", "))
	}
	return path + ": unknown field"
}

// fieldProblem says what was found and what is allowed. Messages of the CRD are sentences that name the
// field; those of the schema validator are made to read alike.
func fieldProblem(err *field.Error) string {
	if m := checkedValue.FindStringSubmatch(err.Detail); m != nil {
		return m[2] + ": " + m[1]
	}
	detail, fromSchema := strings.CutPrefix(err.Detail, err.Field+" in body ")
	if !fromSchema && strings.HasPrefix(detail, err.Field+" ") {
		return detail
	}
	switch err.Type {
	case field.ErrorTypeTypeInvalid:
		detail, _, _ = strings.Cut(detail, ": ")
		return fmt.Sprintf("%s: %s, found %v", err.Field, detail, err.BadValue)
	case field.ErrorTypeNotSupported:
		allowed, _ := strings.CutPrefix(detail, "supported values: ")
		names := strings.FieldsFunc(allowed, func(r rune) bool { return strings.ContainsRune(`", `, r) })
		return fmt.Sprintf("%s: found %s, allowed are %s%s", err.Field, quoted(err.BadValue), allowed, meant(fmt.Sprint(err.BadValue), names))
	case field.ErrorTypeRequired:
		name := err.Field[strings.LastIndex(err.Field, ".")+1:]
		if why, said := strings.CutPrefix(detail, name+" is required"); said {
			return err.Field + " is required" + why
		}
		return strings.TrimSuffix(err.Field+": is required: "+detail, ": ")
	case field.ErrorTypeInvalid:
		if fromSchema {
			return fmt.Sprintf("%s: %s, found %s", err.Field, detail, quoted(err.BadValue))
		}
	default: // The others say all of this by themselves.
	}
	return err.Error()
}

func quoted(value any) string {
	if text, ok := value.(string); ok {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprint(value)
}

var (
	urlUser  = regexp.MustCompile(`((?:\w+:)?//)?[^\s"']*@`)
	urlQuery = regexp.MustCompile(`(://[^\s"'?#]*[?#])[^\s"']+`)
)

// pattern is a rule of a CRD, which has the signs of URLs in it.
var pattern = regexp.MustCompile(`should match '[^']*'`)

// redactURLs takes out of every URL what may be a credential: an endpoint that carries one is refused,
// and the refusal must not repeat it.
func redactURLs(s string) string {
	if at := pattern.FindStringIndex(s); at != nil {
		return redactURLs(s[:at[0]]) + s[at[0]:at[1]] + redactURLs(s[at[1]:])
	}
	return urlQuery.ReplaceAllString(urlUser.ReplaceAllString(s, "${1}[redacted]@"), "${1}[redacted]")
}
