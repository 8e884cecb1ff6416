// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package realtest probes real servers, which its tests start on loopback: Postfix with Dovecot, smtp-server of
// Nodemailer, and the sink MailDev, which hack/real-servers.sh installs; and Ollama, which "make test-real"
// builds. Where a mail server is not installed its test is skipped, unless MAINSTAY_REAL_SERVERS=required says
// that it must not be.
package realtest
