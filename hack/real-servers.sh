#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Mainstay Authors
# SPDX-License-Identifier: Apache-2.0

# Installs the real servers that tests use: Postfix, Dovecot, PostgreSQL, Prometheus and Alertmanager from Debian;
# Nodemailer's smtp-server, the sink MailDev, the issuer oidc-provider and libraries that check webhooks from npm; and
# Stripe's stripe-mock and Shopify's Toxiproxy with go install. It needs root, apt and Go, and leaves none of them running.

set -euo pipefail

smtp_server_version=3.21.6
maildev_version=3.0.0
oidc_provider_version=9.13.3
stripe_version=23.1.0
standardwebhooks_version=1.1.1
stripe_mock_version=v0.203.0
toxiproxy_version=v2.12.0

# Only what is not there is installed: Debian's npm, for one, refuses to stand beside another publisher's Node.js.
packages=()
# need <package> <program...>
need() {
  local package=$1 program
  shift
  for program in "$@"; do
    command -v "$program" >/dev/null || { packages+=("$package"); return; }
  done
}
need postfix postfix
need dovecot-core dovecot
need npm npm
need prometheus prometheus promtool
need prometheus-alertmanager prometheus-alertmanager amtool
# Debian keeps the programs of PostgreSQL off the path.
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
if ((${#packages[@]})); then
  # Without a mailer type the package sets up no server of its own; the policy keeps all from starting.
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${packages[@]}"
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/mainstay
mkdir -p "$cache/npm" "$cache/stripe-mock"
npm install --prefix "$cache/npm" --ignore-scripts --omit=optional --no-audit --no-fund \
  "smtp-server@$smtp_server_version" "maildev@$maildev_version" "oidc-provider@$oidc_provider_version" "stripe@$stripe_version" "standardwebhooks@$standardwebhooks_version"

if [[ ! -e $cache/stripe-mock/$stripe_mock_version ]]; then
  GOBIN=$cache/bin go install "github.com/stripe/stripe-mock@$stripe_mock_version"
  module=$(go env GOMODCACHE)/github.com/stripe/stripe-mock@$stripe_mock_version
  install -m 644 "$module/embedded/openapi/fixtures3.json" "$cache/stripe-mock/fixtures3.json"
  touch "$cache/stripe-mock/$stripe_mock_version"
fi

if [[ ! -e $cache/toxiproxy/$toxiproxy_version ]]; then
  mkdir -p "$cache/toxiproxy"
  # Its command is called server.
  GOBIN=$cache/toxiproxy go install "github.com/Shopify/toxiproxy/v2/cmd/server@$toxiproxy_version"
  install -D -m 755 "$cache/toxiproxy/server" "$cache/bin/toxiproxy"
  touch "$cache/toxiproxy/$toxiproxy_version"
fi
