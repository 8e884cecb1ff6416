// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

// The verdicts on sets are metrics of their own: an alert on the verdicts of dependencies fires once for
// one fault, however many apps require what is at fault.
var (
	setDesc = prometheus.NewDesc("mainstay_dependency_set_verdict",
		"The verdict on what an app requires, always 1: its labels say whether that is Ready and Healthy, and the reason why not.",
		[]string{"namespace", "name", "ready", "healthy", "reason"}, nil)
	memberDesc = prometheus.NewDesc("mainstay_dependency_set_member",
		"A member of a DependencySet, always 1: its labels say what it is to the app and how it fares. The name is empty for a requirement that no object meets.",
		[]string{"namespace", "set", "kind", "name", "importance", "ready", "healthy", "reason"}, nil)
)

// showSet takes note of what the status of a set says, and of all its members.
func (m *Metrics) showSet(set *v1alpha1.DependencySet, members []v1alpha1.Member) {
	shown := set.DeepCopy()
	shown.Status.Members = members
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sets[client.ObjectKeyFromObject(set)] = shown
}

// forgetSet drops the series of a set.
func (m *Metrics) forgetSet(name types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sets, name)
}

// collectSets sends the series of every set.
func (m *Metrics) collectSets(ch chan<- prometheus.Metric) {
	for name, set := range m.sets {
		ready := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionReady)
		healthy := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionHealthy)
		ch <- prometheus.MustNewConstMetric(setDesc, prometheus.GaugeValue, 1,
			name.Namespace, name.Name, string(ready.Status), string(healthy.Status), healthy.Reason)
		// Two requirements that no object meets may differ in nothing that a label tells.
		nameless := map[v1alpha1.Member]bool{}
		for _, member := range set.Status.Members {
			if nameless[member] {
				continue
			}
			nameless[member] = member.Name == ""
			ch <- prometheus.MustNewConstMetric(memberDesc, prometheus.GaugeValue, 1,
				name.Namespace, name.Name, string(member.Kind), member.Name, string(member.Importance),
				string(member.Ready), string(member.Healthy), member.Reason)
		}
	}
}
