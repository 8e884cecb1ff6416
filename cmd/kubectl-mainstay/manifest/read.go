// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads Kubernetes manifests as kubectl does, and judges the Mainstay objects among them
// by the rules of the API server. What is wrong it collects, so that one run shows all of it.
package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

// Sources are where manifests come from.
type Sources struct {
	// Files are files, folders, or - for Stdin.
	Files []string
	// Kustomizations are folders with a kustomization file.
	Kustomizations []string
	// Recursive walks the folders below Files too.
	Recursive bool
	Stdin     io.Reader
}

// Origin says where an object was read.
type Origin struct {
	File string
	// Line is where the document begins; 0 where there are no lines.
	Line int
	// Document counts from 1, as does Item, which is 0 outside a List.
	Document, Item int
}

// String writes the origin as compilers do, which editors and CI systems turn into links.
func (o Origin) String() string {
	s := o.File
	if o.Line > 0 {
		s += fmt.Sprintf(":%d", o.Line)
	}
	if o.Document > 0 {
		s += fmt.Sprintf(": document %d", o.Document)
	}
	if o.Item > 0 {
		s += fmt.Sprintf(", item %d", o.Item)
	}
	return s
}

// Problem is one thing that is wrong with the input.
type Problem struct {
	Origin Origin
	// Object is kind, namespace and name, as far as they are known.
	Object string
	Text   string
}

// String names the place, the object and what is wrong, on one line. All three may hold text of whoever wrote the input.
func (p Problem) String() string {
	var parts []string
	for _, part := range []string{p.Origin.String(), p.Object, p.Text} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return redactURLs(plain.Text(strings.Join(parts, ": ")))
}

// Object is one object of the input.
type Object struct {
	Origin Origin
	*unstructured.Unstructured
}

// reader collects what was read and what is wrong with it.
type reader struct {
	objects  []Object
	problems []Problem
}

func (r *reader) fail(origin Origin, format string, args ...any) {
	r.problems = append(r.problems, Problem{Origin: origin, Text: fmt.Sprintf(format, args...)})
}

// Read returns every object of the sources, in their order.
func Read(s Sources) ([]Object, []Problem) {
	var r reader
	stdinRead := false
	for _, path := range s.Files {
		if path != "-" {
			r.path(path, s.Recursive)
			continue
		}
		if stdinRead {
			r.fail(Origin{File: "stdin"}, "can be read only once: give -f - once")
			continue
		}
		stdinRead = true
		text, err := io.ReadAll(s.Stdin)
		if err != nil {
			r.fail(Origin{File: "stdin"}, "cannot be read: %v", err)
			continue
		}
		r.file("stdin", text)
	}
	for _, folder := range s.Kustomizations {
		r.kustomization(folder)
	}
	return r.objects, r.problems
}

func (r *reader) path(path string, recursive bool) {
	info, err := os.Stat(path)
	if err != nil {
		r.fail(Origin{File: path}, "%v", reason(err))
		return
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = manifests(path, recursive); err != nil {
			r.fail(Origin{File: path}, "%v", reason(err))
			return
		}
		if len(files) == 0 {
			r.fail(Origin{File: path}, "holds no .yaml, .yml or .json file (-R looks into its folders too)")
		}
	}
	for _, file := range files {
		if slices.Contains(kustomizationFiles, filepath.Base(file)) {
			r.fail(Origin{File: file}, "is a kustomization, not an object: name its folder with -k")
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			r.fail(Origin{File: file}, "%v", reason(err))
			continue
		}
		r.file(file, text)
	}
}

// reason drops the path from an error, since every problem names it already.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

var kustomizationFiles = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// manifests returns the files of a folder that kubectl would read.
func manifests(folder string, recursive bool) ([]string, error) {
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != folder && !recursive:
			return filepath.SkipDir
		case !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

func (r *reader) file(name string, text []byte) {
	for i, doc := range split(text) {
		origin := Origin{File: name, Line: doc.start, Document: i + 1}
		value, err := doc.parse()
		if err != nil {
			r.fail(origin, "%v", err)
			continue
		}
		r.value(origin, value)
	}
}

// value takes in an object, or the items of a list.
func (r *reader) value(origin Origin, value any) {
	content, ok := value.(map[string]any)
	if !ok {
		r.fail(origin, "is no Kubernetes object: expected fields such as apiVersion and kind, found %s", typeName(value))
		return
	}
	object := &unstructured.Unstructured{Object: content}
	for _, field := range []string{"apiVersion", "kind"} {
		if text, _, err := unstructured.NestedString(content, field); err != nil || text == "" {
			r.fail(origin, "is no Kubernetes object: %s is missing or no text", field)
			return
		}
	}
	items, isList := content["items"].([]any)
	if !isList || !strings.HasSuffix(object.GetKind(), "List") {
		r.objects = append(r.objects, Object{Origin: origin, Unstructured: object})
		return
	}
	for i, item := range items {
		inner := origin
		inner.Item = i + 1
		r.value(inner, item)
	}
}

func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "nothing"
	case []any:
		return "a list"
	case map[string]any:
		return "fields"
	case string:
		return "text"
	case bool:
		return "true or false"
	}
	return "a number"
}

// quotedInput is where kustomize repeats what it was given: generators and patches, which may hold
// credentials.
var quotedInput = regexp.MustCompile("(?s) with config: `[^`]*`| from \\[.*\\]")

// kustomizeReason is what kustomize says, without the input that it repeats.
func kustomizeReason(err error) string {
	text := err.Error()
	if strings.Contains(text, "literal source") {
		return "a generator has a literal that is not of the form key=value"
	}
	text = quotedInput.ReplaceAllString(text, "")
	return strings.Join(strings.Fields(text), " ")
}

func (r *reader) kustomization(folder string) {
	origin := Origin{File: folder}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		r.fail(origin, "kustomize cannot build it: %s", kustomizeReason(err))
		return
	}
	for i, resource := range built.Resources() {
		origin.Document = i + 1
		text, err := resource.MarshalJSON()
		if err != nil {
			r.fail(origin, "kustomize built what cannot be written: %v", err)
			continue
		}
		value, err := document{line: 1, text: text, json: true}.parse()
		if err != nil {
			r.fail(origin, "%v", err)
			continue
		}
		r.value(origin, value)
	}
}
