#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Mainstay Authors
# SPDX-License-Identifier: Apache-2.0

# Writes bin/install.yaml: all of config/default in one file, with an image. Needs kubectl.
#
#   hack/package.sh registry.example.com/mainstay:v1

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
image=$1
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
echo "bin/install.yaml"
