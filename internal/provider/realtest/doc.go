// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package realtest probes real servers, which its tests start on loopback: Postfix with Dovecot and smtp-server of
// Nodemailer; PostgreSQL; the issuer oidc-provider; stripe-mock, which is Stripe's own; and an app whose webhooks the libraries of
// Stripe and Standard Webhooks for Node check. hack/real-servers.sh installs them. Where one is not installed its test is
// skipped, unless MAINSTAY_REAL_SERVERS=required says that it must not be.
package realtest
