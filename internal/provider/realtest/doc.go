// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package realtest probes real servers, which its tests start on loopback: Postfix with Dovecot, smtp-server of
// Nodemailer, the sink MailDev, PostgreSQL, the issuer oidc-provider, Stripe's own stripe-mock, and an app whose webhooks
// the libraries of Stripe and Standard Webhooks for Node check, all of which hack/real-servers.sh installs; and Ollama,
// which "make test-real" builds. Where one is not installed its test is skipped, unless MAINSTAY_REAL_SERVERS=required
// says that it must not be.
package realtest
