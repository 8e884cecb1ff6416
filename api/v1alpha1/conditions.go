// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types of the probed kinds. All are positive, and all are present once the object was
// visited. The first five are stages, in the order in which a probe settles them. A DependencySet has
// Configured, Healthy and Ready alone.
const (
	// ConditionConfigured: the spec and what it refers to are usable.
	ConditionConfigured = "Configured"
	// ConditionReachable: DNS, TCP and TLS work, and something sensible answers.
	ConditionReachable = "Reachable"
	// ConditionAuthenticated: the provider accepted the credential.
	ConditionAuthenticated = "Authenticated"
	// ConditionAuthorized: the credential has the scopes and permissions that the spec needs.
	ConditionAuthorized = "Authorized"
	// ConditionProvisioned: what the spec needs exists and is enabled at the provider.
	ConditionProvisioned = "Provisioned"

	// ConditionHealthy is the verdict. Where it is not True its reason is the root cause.
	ConditionHealthy = "Healthy"
	// ConditionReady is the gate for rollouts: it turns False for what the owner can fix, not for an
	// outage of the provider. It is not a proof.
	ConditionReady = "Ready"

	// ConditionStalled is present, and True, only while nothing but an edit of the spec, or of the
	// operator's flags, can help.
	ConditionStalled = "Stalled"
)
