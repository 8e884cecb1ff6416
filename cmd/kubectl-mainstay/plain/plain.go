// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package plain writes what others have written, in manifests and in objects, so that it is taken for text and nothing
// else: no control character reaches a terminal, no command the log of a CI system, and no second word a shell.
package plain

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns a text on one line. What cannot be seen is escaped as in Go, line breaks too.
func Text(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch _, size := utf8.DecodeRuneInString(text[i:]); {
		case r == utf8.RuneError && size == 1: // A byte of no character.
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			escape := strconv.QuoteRuneToASCII(r)
			b.WriteString(escape[1 : len(escape)-1])
		}
	}
	return numberSigns.ReplaceAllString(colons.ReplaceAllString(b.String(), `${1}\x3a:`), `\x23$1`)
}

// What CI systems take for commands of theirs: two colons where a line begins, or two number signs before a bracket,
// with a word between them or none. The first sign is escaped.
var (
	colons      = regexp.MustCompile(`^( *)::`)
	numberSigns = regexp.MustCompile(`#(#\w*\[)`)
)

// Lines does so with each line of a text whose line breaks are our own.
func Lines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Text(line)
	}
	return strings.Join(lines, "\n")
}

// safe are the characters that mean nothing to a shell.
const safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-"

// Word makes one word of a shell of a text, which shows what it is.
func Word(text string) string {
	switch {
	case text != "" && Text(text) == text && strings.Trim(text, safe) == "":
		return text
	case Text(text) == text:
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\'' || r == '\\':
			fmt.Fprintf(&b, `\%c`, r)
		case unicode.IsPrint(r) && r != '#' && (r != utf8.RuneError || size > 1):
			b.WriteRune(r)
		default:
			for _, each := range []byte(text[i : i+size]) { // A shell knows characters by their numbers in some locales alone.
				fmt.Fprintf(&b, `\x%02x`, each)
			}
		}
	}
	return "$'" + b.String() + "'"
}
