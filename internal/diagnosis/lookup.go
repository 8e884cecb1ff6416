// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"slices"

	"mainstay.dev/mainstay/internal/probe"
)

var bySymptom = func() map[probe.Symptom]Diagnosis {
	index := make(map[probe.Symptom]Diagnosis, len(table))
	for _, d := range table {
		index[d.Symptom] = d
	}
	return index
}()

// Of returns the diagnosis of a symptom.
func Of(s probe.Symptom) Diagnosis { return bySymptom[s] }

// All returns every diagnosis, by stage.
func All() []Diagnosis { return slices.Clone(table) }

// ForReason returns the diagnoses that share a reason.
func ForReason(reason string) []Diagnosis {
	var found []Diagnosis
	for _, d := range table {
		if d.Reason == reason {
			found = append(found, d)
		}
	}
	return found
}

// Fails says whether the symptom is a failure, which turns Healthy False.
func (d Diagnosis) Fails() bool { return d.Shows == probe.Failed }

// Doubts says whether the symptom leaves a question open, which turns Healthy Unknown.
func (d Diagnosis) Doubts() bool { return d.Shows == probe.Undecided }

// Warns says whether the symptom is an early warning of something that has to be mended.
func (d Diagnosis) Warns() bool { return d.Shows == probe.Passed && d.Blame != "" }
