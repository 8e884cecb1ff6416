// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package probe

import "syscall"

// endSilence leaves it to the system's own patience: the operator runs on Linux.
func endSilence(syscall.RawConn) error { return nil }
