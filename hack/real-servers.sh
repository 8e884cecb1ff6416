#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Mainstay Authors
# SPDX-License-Identifier: Apache-2.0

# Installs the real servers that tests of internal/provider/realtest probe: Postfix and Dovecot from Debian,
# and Nodemailer's smtp-server and MailDev from npm. It needs root and apt, and leaves none of them running.

set -euo pipefail

smtp_server_version=3.21.6
maildev_version=3.0.0

if ! command -v postfix >/dev/null || ! command -v dovecot >/dev/null || ! command -v npm >/dev/null; then
  # Without a mailer type the package sets up no server of its own; the policy keeps all from starting.
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends postfix dovecot-core npm
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/mainstay/npm
mkdir -p "$cache"
npm install --prefix "$cache" --ignore-scripts --omit=optional --no-audit --no-fund "smtp-server@$smtp_server_version" "maildev@$maildev_version"
