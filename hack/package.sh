#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Mainstay Authors
# SPDX-License-Identifier: Apache-2.0

# Writes into bin/ what a release is installed from: install.yaml, all of config/default in one file, and the Helm chart.
# Needs kubectl and Go.
#
#   hack/package.sh registry.example.com/mainstay:v1.2.3 v1.2.3

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
image=$1 version=$2
name=${image%:*} tag=${image##*:}
if [[ $name == "$image" || $tag == */* ]]; then
  echo "package: expected an image with a tag, such as registry.example.com/mainstay:v1, found $image" >&2
  exit 1
fi

# kustomize takes no absolute path, so the work is done beside what comes of it.
mkdir -p bin
work=$(mktemp -d bin/package.XXXXXX)
trap 'rm -rf "$work"' EXIT
cat >"$work/kustomization.yaml" <<EOF
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../config/default
images:
  - name: mainstay
    newName: $name
    newTag: $tag
EOF
kubectl kustomize "$work" >bin/install.yaml

# Helm wants a semantic version, which a commit is not.
chart=${version#v}
[[ $chart =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+].*)?$ ]] || chart=0.0.0-g$chart
cp -r config/chart "$work/chart"
sed -i.bak "s|^  repository: mainstay$|  repository: $name|" "$work/chart/values.yaml"
rm "$work/chart/values.yaml.bak"
go tool -modfile=hack/chart/go.mod helm package "$work/chart" --version "$chart" --app-version "$tag" --destination bin >/dev/null
echo "bin/install.yaml"
echo "bin/mainstay-$chart.tgz"
