# Every target says what it does with `make help`.
TARGET     := $(or $(CARGO_TARGET_DIR),target)/x86_64-unknown-linux-gnu
DEVCLUSTER := cargo run -q -p assay-devcluster --bin devcluster --
DEMO       := cargo run -q -p assay-cluster-tests --bin demo --

# The runner is loaded at a fixed address: relocations would add a third of a
# megabyte to its file and to the memory of every waiting step. Functions that
# are alike are kept once, and the tables that only backtraces need not at all.
SMALL := -C relocation-model=static -C link-arg=-Wl,--icf=all -C link-arg=-Wl,--no-eh-frame-hdr \
	-C link-arg=-Wl,-T,$(CURDIR)/src/runner/small.ld

# What the cluster suite, the demonstration and the benchmark need around them.
# Evaluated only by the targets that use it.
WITH_CLUSTER = PATH="$(CURDIR)/bin:$$($(DEVCLUSTER) path):$$PATH" KUBECONFIG="$$($(DEVCLUSTER) kubeconfig)"

.DEFAULT_GOAL := help
.PHONY: help demo demo-gitops up node down kubeconfig path bin images install test unit cluster-test lint bench generate clean-cache

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-14s %s\n", $$1, $$2 }'

demo: install ## everything from nothing to a judged execution, before your eyes
	@$(WITH_CLUSTER) $(DEMO) story

demo-gitops: WITH = argocd,gitea
demo-gitops: install ## a bad commit is tested, seen by Argo CD, and taken back in Git
	@$(WITH_CLUSTER) $(DEMO) gitops

up: ## start a genuine one-node cluster, or repair it; WITH=argocd,flux,gitea beside it
	@$(DEVCLUSTER) up $(if $(WITH),--with $(WITH))

# What images are pushed to. Without what may run beside it, which may still be building.
node:
	@$(DEVCLUSTER) up

down: ## stop the cluster; nothing is left
	@$(DEVCLUSTER) down

kubeconfig: ## print the path of the cluster's kubeconfig
	@$(DEVCLUSTER) kubeconfig

path: ## print the folder with kubectl, helm and ctr
	@$(DEVCLUSTER) path

bin: ## put assay, kubectl-assay, assay-manager and assay-runner into ./bin
	@mkdir -p bin
	@cargo build --release -p assay-ctl -p assay-manager
	@cargo rustc --profile runner -p assay-runner --bin assay-runner -- $(SMALL)
	@install -C $(TARGET)/release/assay $(TARGET)/release/assay-manager $(TARGET)/runner/assay-runner bin/
	@ln -sf assay bin/kubectl-assay

images: bin node ## build every image and push it to the cluster's registry
	@$(DEVCLUSTER) packages images
	@images/build.sh

install: images ## install or upgrade Assay on the cluster with its chart (WITH=... as for up)
	@$(if $(WITH),$(DEVCLUSTER) up --with $(WITH))
	@$(WITH_CLUSTER) $(DEMO) install

test: unit cluster-test ## every test

unit: ## tests that need no cluster
	@$(DEVCLUSTER) packages tests
	@cargo test --workspace --exclude assay-cluster-tests --no-fail-fast

cluster-test: WITH = argocd,flux,gitea
cluster-test: install ## tests on the real cluster
	@$(DEVCLUSTER) packages tests
	@$(WITH_CLUSTER) cargo test -p assay-cluster-tests

lint: ## formatting, clippy, the order of the house, generated files
	@cargo fmt --check
	@cargo clippy --workspace --all-targets -- -D warnings
	@cargo test -q -p assay-tidy

generate: ## rewrite every generated file
	@UPDATE=1 cargo test -q -p assay-tidy generated
	@UPDATE=1 cargo test -q -p assay-gitops --lib page

bench: install ## Assay beside a raw Job, in one run
	@$(WITH_CLUSTER) cargo run -q --release -p assay-cluster-tests --bin bench

clean-cache: ## remove the built engines, images and the cluster's data
	@$(DEVCLUSTER) purge
