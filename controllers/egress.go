// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// tellEgress returns what tells of the cluster's way out: one line in the log and, where the operator knows
// its own Pod, one event there, since no single dependency is concerned.
func tellEgress(log logr.Logger, recorder events.EventRecorder, self *corev1.Pod) func(closed bool) {
	return func(closed bool) {
		kind, reason := corev1.EventTypeWarning, v1alpha1.ReasonClusterEgressDown
		d := diagnosis.Of(probe.ClusterEgressDown)
		message := d.Seen + " " + d.Advice
		if !closed {
			kind, reason = corev1.EventTypeNormal, "ClusterEgressUp"
			message = "Providers can be reached from the cluster again."
		}
		log.Info(message, "reason", reason)
		if self != nil {
			recorder.Eventf(self, nil, kind, reason, "Probe", "%s", message)
		}
	}
}
