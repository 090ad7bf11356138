# Everything a newcomer needs is installed into .venv by these targets.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
GO ?= go
KUBERNETES_VERSION := -X k8s.io/component-base/version.gitVersion=v1.34.4 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34

.DEFAULT_GOAL := help
.PHONY: help demo servers test broken-rules test-image kubernetes test-kubernetes lint types contracts docs generate clean

help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,lint,build]'
	@touch $@

demo: $(VENV)/installed ## apply sample-repo/ to the local control plane; run it twice
	$(BIN)/ruleengine demo $(DEMO_OPTIONS)

servers: build/servers/installed ## install the servers of artifact stores that some tests talk to

build/servers/installed:
	$(PYTHON) -m venv build/servers
	build/servers/bin/pip install --quiet 'moto[server]>=5' 'gcp-storage-emulator>=2024.8'
	! command -v npm >/dev/null || npm install --silent --no-fund --no-audit --prefix build/servers azurite
	@touch $@

test: $(VENV)/installed ## run the tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(TEST_OPTIONS)

broken-rules: $(VENV)/installed ## break every rule of the tables on purpose, see a test fall with each
	$(BIN)/python -m tests.broken_rules $(BROKEN_OPTIONS)

test-image: $(VENV)/installed ## build our image whole, and run pods with it (needs podman, mmdebstrap and a registry)
	$(BIN)/python -m pytest tests/e2e/whole_image.py $(TEST_OPTIONS)

kubernetes: $(VENV)/installed ## build kube-apiserver, its controllers and etcd, fetch Argo's CRDs (Go 1.25, many minutes)
	$(MAKE) --silent build/kubernetes/built build/kubernetes/argo/fetched

build/kubernetes/built: tests/kubernetes/go.mod tests/kubernetes/go.sum
	cd tests/kubernetes && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w $(KUBERNETES_VERSION)' -o ../../build/kubernetes/etcd go.etcd.io/etcd/server/v3
	cd tests/kubernetes && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w $(KUBERNETES_VERSION)' -o ../../build/kubernetes/ k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager
	@touch $@

build/kubernetes/argo/fetched: tests/kubernetes/definitions.py
	GO=$(GO) $(BIN)/python -m tests.kubernetes.definitions build/kubernetes/argo
	@touch $@

test-kubernetes: $(VENV)/installed kubernetes ## run the tests that need a real Kubernetes API server
	RULEENGINE_KUBERNETES=$(CURDIR)/build/kubernetes $(BIN)/python -m pytest tests/kubernetes $(TEST_OPTIONS)

lint: $(VENV)/installed ## style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/installed ## types
	$(BIN)/mypy

contracts: $(VENV)/installed ## who may import whom
	$(BIN)/lint-imports

generate: $(VENV)/installed ## make what is made from facts and from code
	$(BIN)/python -m tools.generate
	$(BIN)/python -m tools.reference_docs

docs: $(VENV)/installed ## check that the docs say what is
	$(BIN)/python -m tools.check_docs

clean: ## remove what make and the demo left
	rm -rf $(VENV) build dist
