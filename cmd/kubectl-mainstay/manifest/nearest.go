// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Nearest returns the names that someone who typed name may have meant, the likeliest first: few letters
// apart, or one part of the other. Case does not count.
func Nearest(name string, names []string) []string {
	distance := map[string]int{}
	var near []string
	for _, candidate := range names {
		a, b := strings.ToLower(name), strings.ToLower(candidate)
		d := edits(a, b)
		if len(a) >= 3 && (strings.Contains(b, a) || strings.Contains(a, b)) {
			d = min(d, 1)
		}
		if d <= max(1, len(a)/3) {
			distance[candidate] = d
			near = append(near, candidate)
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(distance[a], distance[b]) })
	return near
}

// meant asks whether the nearest of some names was meant, for the end of a sentence; nothing where none is near.
func meant(name string, names []string) string {
	if near := Nearest(name, names); len(near) > 0 {
		return fmt.Sprintf("; did you mean %s?", near[0])
	}
	return ""
}

// edits counts the letters to insert, remove or change between two words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
