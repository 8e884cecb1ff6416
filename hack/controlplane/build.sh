#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Mainstay Authors
# SPDX-License-Identifier: Apache-2.0

# Prints the folder that holds kube-apiserver, etcd and kubectl, for KUBEBUILDER_ASSETS. It takes,
# in this order: what KUBEBUILDER_ASSETS names, what an earlier run left in the cache, the prebuilt
# binaries of setup-envtest, and last a build from the Go module proxy, which needs nothing but Go.
#
# Standard output carries the folder alone; everything else goes to standard error.

set -euo pipefail
exec 3>&1 1>&2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here binaries=(kube-apiserver etcd kubectl)

# A workspace or a target platform of the caller's would change what is built here.
export GOWORK=off CGO_ENABLED=0
GOOS=$(go env GOHOSTOS) GOARCH=$(go env GOHOSTARCH)
export GOOS GOARCH

# required <module folder> <module path>: the version that the go.mod there requires.
required() { awk -v module="$2" '$1 == module { print $2; exit }' "$here/$1/go.mod"; }

kubernetes=$(required kubernetes k8s.io/kubernetes)
etcd=$(required etcd go.etcd.io/etcd/server/v3)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mainstay/controlplane
folder=$cache/kubernetes-$kubernetes-etcd-$etcd-$GOOS-$GOARCH
readonly kubernetes etcd cache folder

say() { printf 'control plane: %s\n' "$*"; }

complete() {
  local name
  for name in "${binaries[@]}"; do
    [[ -x $1/$name ]] || return 1
  done
}

answer() {
  printf '%s\n' "$1" >&3
  exit 0
}

# limit <seconds> <command...>: where there is no timeout command, as on macOS, there is no limit.
limit() {
  local seconds=$1
  shift
  if command -v timeout >/dev/null; then timeout "$seconds" "$@"; else "$@"; fi
}

# prebuilt <folder>: fetches into it the newest published binaries of the same minor version; not
# every patch release is published.
prebuilt() {
  local setup=$work/setup-envtest minor=${kubernetes#v} found name
  minor=${minor%.*}.x
  # Standing in its module pins setup-envtest by that go.sum.
  (cd "$here/../tools" && go build -o "$setup" sigs.k8s.io/controller-runtime/tools/setup-envtest) || return 1
  # The list is small, so it tells soon whether a firewall swallows the requests; the binaries are not.
  limit 20 "$setup" list "$minor" --bin-dir "$work/store" >/dev/null 2>&1 || return 1
  say "fetching prebuilt binaries of Kubernetes $minor"
  found=$(limit 300 "$setup" use "$minor" --bin-dir "$work/store" -p path) || return 1
  complete "$found" || return 1
  for name in "${binaries[@]}"; do
    cp "$found/$name" "$1/$name" || return 1
  done
}

# build <module folder> <output> <linker flags> <packages...>: go build that shows how far it is.
build() {
  local module=$1 output=$2 flags=$3 log=$work/packages total
  shift 3
  cd "$here/$module"
  # Only what the build cache lacks is compiled, and only that does go build -v print.
  total=$(go list -deps -trimpath -f '{{if .Stale}}{{.ImportPath}}{{end}}' "$@" | grep -c . || true)
  say "building $module: $total packages to compile"
  : >"$log"
  # A process group of its own (set -m) lets clean() end the compilers along with go build.
  set -m
  GOTMPDIR=$work go build -v -trimpath -ldflags "-s -w $flags" -o "$output" "$@" 2>"$log" &
  builder=$!
  set +m
  # The short naps notice the end soon; every 30th of them reports.
  local naps=0 failed=0
  while kill -0 "$builder" 2>/dev/null; do
    sleep 0.5
    naps=$((naps + 1))
    if ((naps % 30 == 0)); then
      say "$(elapsed) $module: $(wc -l <"$log" | tr -d ' ') of $total packages compiled, then linking"
    fi
  done
  wait "$builder" || failed=$?
  builder=
  if ((failed)); then
    cat "$log"
    say "building $module failed"
    exit 1
  fi
}

elapsed() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

# Stopping the script also stops the compiler, and nothing half done stays behind.
clean() {
  if [[ -n ${builder:-} ]]; then
    kill -- "-$builder" 2>/dev/null || true
    wait "$builder" 2>/dev/null || true
  fi
  # setup-envtest writes read-only folders.
  chmod -R u+w "$work" && rm -rf "$work"
}

if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
  if complete "$KUBEBUILDER_ASSETS"; then answer "$(cd "$KUBEBUILDER_ASSETS" && pwd)"; fi
  say "KUBEBUILDER_ASSETS ($KUBEBUILDER_ASSETS) lacks one of: ${binaries[*]}; looking elsewhere"
fi
if complete "$folder"; then answer "$folder"; fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/.work.XXXXXX")
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir "$work/bin"

say "none cached yet; looking for prebuilt binaries"
if ! prebuilt "$work/bin"; then
  say "no prebuilt binaries can be fetched, so Kubernetes $kubernetes and etcd $etcd are built here."
  say "This takes about 12 minutes on two cores, once; the result is kept in $folder."
  build etcd "$work/bin/etcd" "" go.etcd.io/etcd/server/v3
  # Built without it, kube-apiserver would not know its own version.
  build kubernetes "$work/bin/" "-X k8s.io/component-base/version.gitVersion=$kubernetes" \
    k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl
fi

# Each rename is atomic and of a finished binary, so two runs at once leave a complete folder,
# whichever ends first.
mkdir -p "$folder"
for name in "${binaries[@]}"; do
  mv -f "$work/bin/$name" "$folder/$name"
done
say "ready after $(elapsed)"
answer "$folder"
