// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// document is one document of a file.
type document struct {
	// line is where text begins in the file, counted from 1; start is its first line with content.
	line, start int
	text        []byte
	json        bool
}

// split cuts a file into its documents. Documents without content are left out.
func split(text []byte) []document {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if docs, ok := splitJSON(text); ok {
		return docs
	}
	return splitYAML(text)
}

// splitJSON cuts a stream of JSON values. It returns false for what is not one; YAML may begin with a
// brace as well.
func splitJSON(text []byte) ([]document, bool) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return nil, false
	}
	var docs []document
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var raw json.RawMessage
		switch err := decoder.Decode(&raw); {
		case errors.Is(err, io.EOF):
			return docs, true
		case err != nil:
			return nil, false
		}
		begin := int(decoder.InputOffset()) - len(raw)
		line := 1 + bytes.Count(text[:begin], []byte("\n"))
		docs = append(docs, document{line: line, start: line, text: raw, json: true})
	}
}

func splitYAML(text []byte) []document {
	var docs []document
	current := document{line: 1}
	flush := func() {
		if current.start > 0 {
			docs = append(docs, current)
		}
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if rest, ok := separator(line); ok {
			flush()
			current, line = document{line: number}, rest
		}
		current.text = append(current.text, line...)
		content := bytes.TrimSpace(line)
		if current.start == 0 && len(content) > 0 && content[0] != '#' {
			current.start = number
		}
	}
	flush()
	return docs
}

// separator recognises the lines that end a document. It returns what follows on the line.
func separator(line []byte) ([]byte, bool) {
	for _, mark := range []string{"---", "..."} {
		rest, found := bytes.CutPrefix(line, []byte(mark))
		if found && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0]))) {
			return rest, true
		}
	}
	return nil, false
}

// parse reads a document strictly: a field that stands twice is an error. Whole numbers stay whole. No
// error quotes a value, for it may be a credential.
func (d document) parse() (any, error) {
	text := d.text
	if !d.json {
		var err error
		if text, err = yaml.YAMLToJSONStrict(text); err != nil {
			return nil, d.explain(err)
		}
	}
	var value any
	duplicates, err := kjson.UnmarshalStrict(text, &value)
	if err = errors.Join(append(duplicates, err)...); err != nil {
		return nil, d.explain(err)
	}
	return value, nil
}

var (
	linePattern = regexp.MustCompile(`line (\d+)`)
	// quotedValue is where the YAML parser repeats a value.
	quotedValue = regexp.MustCompile("(?s)`.*`|(anchor )'.*'")
)

// explain says what is wrong in the words of the parser, with the lines of the file.
func (d document) explain(err error) error {
	text := err.Error()
	for _, noise := range []string{"error converting YAML to JSON: ", "yaml: ", "unmarshal errors:\n  "} {
		text = strings.TrimPrefix(text, noise)
	}
	text = quotedValue.ReplaceAllString(text, "${1}[redacted]")
	text = linePattern.ReplaceAllStringFunc(text, func(match string) string {
		line, _ := strconv.Atoi(strings.TrimPrefix(match, "line "))
		return fmt.Sprintf("line %d", line+d.line-1)
	})
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case bytes.Contains(d.text, []byte("{{")):
		text += " (this looks like a template: render it first, and give the result to -f -)"
	case strings.Contains(text, "cannot start any token") && bytes.Contains(d.text, []byte("\t")):
		text += " (YAML is indented with blanks, not with tabs)"
	}
	return errors.New("cannot be read: " + text)
}
