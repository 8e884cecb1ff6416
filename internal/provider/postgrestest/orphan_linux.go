// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package postgrestest

import "syscall"

// endsWithUs has the kernel end a server fast when the tests that started it are gone, however they ended.
func endsWithUs(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGINT }
