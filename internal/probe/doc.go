// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package probe talks to the outside, safely, and says what it saw: symptoms, not causes. It knows nothing
// of Kubernetes, and judges nothing.
//
// A Target is probed through a Client, whose Answers are read into an Outcome. The Engine does so on a
// schedule, and adds outcomes up to a Verdict.
package probe
