// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package realtest probes real servers, which its tests start on loopback: for mail Postfix with Dovecot, and
// smtp-server of Nodemailer; for sign-in the issuer oidc-provider. hack/real-servers.sh installs them. Where one is not installed its test is
// skipped, unless MAINSTAY_REAL_SERVERS=required says that it must not be.
package realtest
