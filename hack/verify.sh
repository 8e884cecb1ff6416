#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Mainstay Authors
# SPDX-License-Identifier: Apache-2.0

# Fails when a generated file, the formatting or a go.mod is out of date, and names every such file.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
index=$(mktemp)
trap 'rm -f "$index"' EXIT
failed=0

# fail <message> <details>
fail() {
  printf 'verify: %s\n%s\n' "$1" "$2" >&2
  failed=1
}

# The state of the working tree, files that git does not know yet included. Comparing two of them,
# rather than with the last commit, lets verify run in the middle of a change; on a clean checkout
# the two are the same question.
snapshot() {
  rm -f "$index"
  GIT_INDEX_FILE=$index git add --all
  GIT_INDEX_FILE=$index git write-tree
}

before=$(snapshot)
make --no-print-directory generate
after=$(snapshot)
changes=$(git diff --stat "$before" "$after")
if [[ -n $changes ]]; then fail "generated files were out of date; commit what changed:" "$changes"; fi

unformatted=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l)
if [[ -n $unformatted ]]; then fail "gofmt would change:" "$unformatted"; fi

if ! findings=$(go vet ./... 2>&1); then fail "go vet found:" "$findings"; fi

# Every module of the repository, found rather than listed.
while IFS= read -r -d '' modfile; do
  if ! changes=$(cd "$(dirname "$modfile")" && go mod tidy -diff 2>&1); then
    fail "go mod tidy would change $modfile:" "$changes"
  fi
done < <(git ls-files -z --cached --others --exclude-standard 'go.mod' '**/go.mod')

exit "$failed"
