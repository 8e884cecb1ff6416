// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest

import "os"

// Test is a testing.TB, as far as real servers need one.
type Test interface {
	Helper()
	Cleanup(do func())
	Fatal(args ...any)
	Skip(args ...any)
}

// Need skips a test where the real server that it needs is not installed, and says how to get it. It fails instead
// where MAINSTAY_REAL_SERVERS=required says that none may be skipped.
func Need(t Test, there bool, what string) {
	t.Helper()
	const how = "is not installed here (hack/real-servers.sh installs it, as root)"
	switch {
	case there:
	case os.Getenv("MAINSTAY_REAL_SERVERS") == "required":
		t.Fatal(what, how)
	default:
		t.Skip(what, how)
	}
}
