// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// JSON returns JSON that means the same and is plain: what is not stands in strings, which have escapes for it.
func JSON(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(numberSigns.ReplaceAll(text, []byte(`\u0023$1`))) {
		if unicode.IsPrint(r) || r == '\n' {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.Bytes()
}

// literal is a string of JSON.
var literal = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// YAML makes YAML of JSON. What is not plain, or would not be at the line break of a long text, stands in quotes there,
// where YAML has escapes as well.
func YAML(text []byte) ([]byte, error) {
	mark := []byte("quoted")
	for bytes.Contains(text, mark) {
		mark = append(mark, 'x')
	}
	var values []string
	marked := literal.ReplaceAllFunc(text, func(found []byte) []byte {
		var value string
		if err := json.Unmarshal(found, &value); err != nil || Text(value) == value && !strings.Contains(value, " ::") {
			return found
		}
		values = append(values, value)
		return fmt.Appendf(nil, `"%s%d."`, mark, len(values)-1)
	})
	out, err := yaml.JSONToYAML(marked)
	for i, value := range values {
		out = bytes.ReplaceAll(out, fmt.Appendf(nil, "%s%d.", mark, i), quoted(value))
	}
	return out, err
}

// quoted is a string of YAML with escapes for all that is not plain.
func quoted(value string) []byte {
	out := []byte(`"`)
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case unicode.IsPrint(r) && r != '#':
			out = utf8.AppendRune(out, r)
		default:
			out = fmt.Appendf(out, `\U%08x`, r)
		}
	}
	return append(out, '"')
}
