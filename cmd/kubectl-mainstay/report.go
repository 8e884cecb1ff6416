// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sign is one dependency as the commands show it to machines.
type sign struct {
	Kind      string                 `json:"kind"`
	Namespace string                 `json:"namespace"`
	Name      string                 `json:"name"`
	Provider  string                 `json:"provider"`
	Ready     metav1.ConditionStatus `json:"ready"`
	Healthy   metav1.ConditionStatus `json:"healthy"`
	Reason    string                 `json:"reason"`
	Message   string                 `json:"message"`
	Suspended bool                   `json:"suspended,omitempty"`
	// Live says that the verdict rests on requests rather than on the configuration alone.
	Live          bool         `json:"live"`
	LastProbeTime *metav1.Time `json:"lastProbeTime,omitempty"`
	// NotCheckedSince is set where nobody looks any more.
	NotCheckedSince *metav1.Time `json:"notCheckedSince,omitempty"`

	// checked says to people how much the verdict is worth now.
	checked cell
}

func (s survey) sign(d dependency, now time.Time) sign {
	healthy := d.condition(v1alpha1.ConditionHealthy)
	shown := sign{
		Kind: d.kind.Name, Namespace: d.GetNamespace(), Name: d.GetName(), Provider: d.Provider(),
		Ready: d.condition(v1alpha1.ConditionReady).Status, Healthy: healthy.Status, Reason: healthy.Reason, Message: healthy.Message,
		Suspended: d.SharedSpec().Suspend, Live: d.live(), LastProbeTime: d.SharedStatus().LastProbeTime,
		checked: s.checked(d, now),
	}
	if since := s.notCheckedSince(d); !since.IsZero() {
		at := metav1.NewTime(since)
		shown.NotCheckedSince = &at
	}
	return shown
}

// setSigns are those of the sets that a question names.
func (s survey) setSigns(q question) []sign {
	var signs []sign
	for _, set := range s.sets {
		if !q.names(named{setKind, set.Name}) {
			continue
		}
		ready, healthy := setCondition(&set, v1alpha1.ConditionReady), setCondition(&set, v1alpha1.ConditionHealthy)
		signs = append(signs, sign{
			Kind: setKind, Namespace: set.Namespace, Name: set.Name, Provider: "-",
			Ready: cmp.Or(ready.Status, metav1.ConditionUnknown), Healthy: cmp.Or(healthy.Status, metav1.ConditionUnknown),
			Reason: cmp.Or(healthy.Reason, v1alpha1.ReasonProbing), Message: healthy.Message,
			checked: cell{text: "by its members"},
		})
	}
	return signs
}

// statusReport is the status for machines.
type statusReport struct {
	Sets         []setReport `json:"sets"`
	Dependencies []sign      `json:"dependencies"`
	// Elsewhere are other namespaces that have any, where this one has none and they may be seen.
	Elsewhere []string `json:"elsewhere,omitempty"`
	// SilentLeases are those of operators that are gone, while another lives.
	SilentLeases []silentLease `json:"silentLeases,omitempty"`
}

type setReport struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Summary   string            `json:"summary"`
	Members   []v1alpha1.Member `json:"members"`
}

func (s survey) report(now time.Time) statusReport {
	report := statusReport{Sets: []setReport{}, Dependencies: []sign{}, SilentLeases: s.operators.silent}
	for _, set := range s.sets {
		report.Sets = append(report.Sets, setReport{set.Namespace, set.Name, set.Status.Summary, set.Status.Members})
	}
	for _, d := range s.dependencies {
		report.Dependencies = append(report.Dependencies, s.sign(d, now))
	}
	return report
}
