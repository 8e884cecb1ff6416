#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Mainstay Authors
# SPDX-License-Identifier: Apache-2.0

# Builds the operator twice, each time from nothing: other folders for the sources and for the build cache, so that no
# result of the first can serve the second. Prints the checksum that both have, and the size, or fails.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for place in first "second place"; do
  mkdir -p "$work/$place/sources"
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$work/$place/sources"
  GOCACHE=$work/$place/cache make -s -C "$work/$place/sources" build VERSION=reproducible
done

cd "$work"
cmp first/sources/bin/manager "second place/sources/bin/manager"
sha256sum first/sources/bin/manager | cut -d' ' -f1
echo "$(wc -c <first/sources/bin/manager) bytes"
