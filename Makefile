# SPDX-FileCopyrightText: The Mainstay Authors
# SPDX-License-Identifier: Apache-2.0

# Every target that people run has a "##" line, which `make help` prints.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# The generators' own module keeps their requirements out of the operator's go.mod.
CONTROLLER_GEN := go tool -modfile=hack/tools/go.mod controller-gen
# The same bytes wherever it is built: no paths, and nothing of the checkout but the version.
GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)'
# What the manifests of a release run.
IMAGE ?= mainstay:$(VERSION)
# The race detector needs cgo, which Go turns off where it finds no C compiler; the tests still run.
RACE = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
# Ollama is built for `make test-real` alone, and newer versions do not build with go install.
OLLAMA_VERSION := v0.6.5
OLLAMA := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mainstay/ollama-$(OLLAMA_VERSION)
# Runs a command against a real kube-apiserver and etcd.
WITH_CONTROL_PLANE := assets=$$(hack/controlplane/build.sh); KUBEBUILDER_ASSETS="$$assets"

##@ Develop

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: generate
generate: ## Regenerate deepcopy code, CRDs, RBAC, alerts and the generated pages of docs/.
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/...
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=mainstay-manager paths=./controllers/... output:rbac:artifacts:config=config/rbac
	go run ./hack/gendocs
	go run ./hack/genmonitoring
# A chart can hold no file from outside of its folder.
	rm -rf config/chart/files && mkdir -p config/chart/files/crds
	cp config/crd/bases/*.yaml config/chart/files/crds/
	cp config/rbac/role.yaml config/rbac/aggregated_roles.yaml config/prometheus/rules.yaml config/chart/files/

.PHONY: test
test: ## Run every test; the first run fetches or builds a control plane.
	$(WITH_CONTROL_PLANE) go test $(RACE) -parallel 6 -timeout 30m ./...

.PHONY: test-real
test-real: $(OLLAMA)/ollama ## Probe a real Ollama too, built from source (5 minutes once, with a C++ compiler).
	MAINSTAY_OLLAMA=$< go test -count=1 -v -run TestOllama ./internal/provider/realtest

$(OLLAMA)/ollama:
	GOBIN=$(OLLAMA) go install -trimpath github.com/ollama/ollama@$(OLLAMA_VERSION)

.PHONY: bench
bench: ## Measure what probing costs, beside a bare loop (about 8 minutes on a quiet machine).
	go run ./hack/bench

.PHONY: start-time
start-time: build ## Measure how long the operator takes to start, on a real API server.
	$(WITH_CONTROL_PLANE) go run ./hack/bench -start bin/manager

.PHONY: lint
lint: bin/golangci-lint ## Lint the code, and the API by the Kubernetes conventions.
	bin/golangci-lint run ./...

.PHONY: verify
verify: ## Fail when generated files, formatting or go.mod files are out of date.
	hack/verify.sh

##@ Run

.PHONY: build
build: ## Build the operator and the kubectl plugin into bin/.
	$(GO_BUILD) -o bin/manager ./cmd/manager
	$(GO_BUILD) -o bin/kubectl-mainstay ./cmd/kubectl-mainstay
	cp cmd/kubectl-mainstay/kubectl_complete-mainstay bin/

.PHONY: demo
demo: ## Run the operator against a local control plane and played vendors (ONCE=1: one round).
	$(WITH_CONTROL_PLANE) go run ./hack/demo $(if $(ONCE),-once)

.PHONY: package
package: ## Write install.yaml and the Helm chart of a release into bin/ (IMAGE=registry.example.com/mainstay:v1).
	hack/package.sh $(IMAGE) $(VERSION)

.PHONY: reproducible
reproducible: ## Build the operator twice, from nothing and in different places, and fail where a byte differs.
	hack/reproducible.sh

.PHONY: run
run: build ## Run the operator here, against the cluster of the current kubeconfig (FLAGS=…).
	bin/manager $(FLAGS)

.PHONY: install
install: ## Install the CRDs into the cluster of the current kubeconfig.
	kubectl apply -k config/crd

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every resource of their kinds.
	kubectl delete --ignore-not-found -k config/crd

bin/golangci-lint: hack/lint/main.go hack/lint/go.mod hack/lint/go.sum
	cd hack/lint && go build -trimpath -o ../../$@ .
