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

var (
	setDesc    = setFamily.desc()
	memberDesc = memberFamily.desc()
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
				name.Namespace, name.Name, string(member.Kind), member.Name, member.Provider, string(member.Importance),
				string(member.Ready), string(member.Healthy), member.Reason)
		}
	}
}
