# The commands of the README and of CI. `make help` lists them.
# Needs Rust (rustup), Python 3.10 or newer and a C compiler; everything else is set up under .venv and target.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
FUNCTIONS := intake vet accept open guard observe close hold announce publish endpoint-event reconcile adjust
TEMPLATE := infra/template.yaml

# aws-sdk-ec2 has 1.2 million lines, of which Drawbridge needs a handful of operations. With this hint to rustc, unstable
# for now, only what is called is compiled to machine code. Every local build has it: with and without, everything would
# be built twice. What is deployed is built without it (docs/adr/0005-development-builds.md).
export RUSTC_BOOTSTRAP := 1
CARGO := cargo -Zprofile-hint-mostly-unused
export CARGO_TERM_PROGRESS_WHEN ?= auto
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help:
	@echo "make demo      the story, live: a share arrives, a usable connection is in the ledger; leaves nothing running"
	@echo "make local     the same cloud, kept running; says what to type next (make down stops it)"
	@echo "make test      every test and every check"
	@echo "make deploy    the arm64 release build, its checks, and sam deploy into your account"
	@echo "make bench     measures speed and cost, and writes the result file"
	@echo
	@echo "parts of these: build check lint unit e2e package advisories down clean"

# What a newcomer does

.PHONY: demo local down test deploy bench
demo: build .venv/cloud/.made .venv/sam/.made
	@cd tests && ../.venv/cloud/bin/python -m local demo

local: build .venv/cloud/.made .venv/sam/.made
	@cd tests && ../.venv/cloud/bin/python -m local up

down: .venv/cloud/.made
	@cd tests && ../.venv/cloud/bin/python -m local down

test: check lint unit e2e

# DEPLOY_ARGS: more for sam deploy, such as --region, --profile, or --parameter-overrides TrustedSenders=444455556666
deploy: package lint
	.venv/sam/bin/sam deploy --template-file $(TEMPLATE) --config-file $(CURDIR)/samconfig.toml $(DEPLOY_ARGS)

bench: build .venv/cloud/.made .venv/sam/.made
	$(CARGO) build --release $(FUNCTIONS:%=--package %)
	$(CARGO) build --release --package drawbridge-runtime --example empty
	@cd tests && ../.venv/cloud/bin/python -m bench

# Building

# One test is named so that cargo resolves the features of test dependencies, too: otherwise `make test` would build
# the functions a second time, with other features.
ANY_TEST := $(basename $(notdir $(firstword $(wildcard tests/tests/*.rs))))

.PHONY: build
build: .toolchain
	@test -d target/debug/deps || echo "First build: 330 crates, about 4 minutes on 2 cores (aws-sdk-ec2 alone is 2 of them). Later builds take seconds."
	@$(CARGO) build --workspace --bins $(ANY_TEST:%=--test %)
	@tools/pack.sh $(PYTHON) $(FUNCTIONS)

.PHONY: .toolchain
.toolchain:
	@tools/toolchain.sh $(PYTHON)

# Checking

.PHONY: check lint unit e2e advisories
check: .toolchain
	cargo fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

lint: .venv/sam/.made .venv/lint/.made .venv/tools/bin/cargo-deny
	.venv/lint/bin/python tools/lint_machines.py $(TEMPLATE) statemachine/*.asl.json
	.venv/sam/bin/cfn-lint $(TEMPLATE)
	.venv/sam/bin/sam validate --lint --region us-east-1 --template-file $(TEMPLATE)
	.venv/tools/bin/cargo-deny --offline check --hide-inclusion-graph bans licenses sources

unit: .toolchain
	$(CARGO) test --workspace

# A local cloud for each core, up to so many: ministack is one Python process, which keeps one core busy.
CLOUDS ?= 4
e2e: build .venv/cloud/.made .venv/sam/.made
	.venv/cloud/bin/python -m pytest --numprocesses auto --maxprocesses $(CLOUDS) --dist worksteal

# Looks vulnerabilities up in the RustSec database, so it needs the network and its result changes by the day.
advisories: .venv/tools/bin/cargo-deny
	.venv/tools/bin/cargo-deny check advisories

# Packaging for AWS

.PHONY: package
package: .toolchain .venv/package/.made
	PATH="$(CURDIR)/.venv/package/bin:$$PATH" tools/package.sh $(FUNCTIONS)
	$(PYTHON) tools/check_package.py $(FUNCTIONS)

# Environments: each is made once from its locked requirements, and again when those change.

.venv/%/.made: tools/requirements/%.txt
	@echo "Setting up .venv/$* (once, under a minute)"
	@rm -rf .venv/$*
	@$(PYTHON) -m venv .venv/$*
	@.venv/$*/bin/python -m pip install --quiet --no-deps --require-hashes -r $<
	@touch $@

# There is no current wheel of it: `cargo install` compiles for some minutes, once. One that is on the PATH serves as well.
CARGO_DENY_VERSION := 0.20.2
.venv/tools/bin/cargo-deny:
	@tools/cargo_deny.sh $(CARGO_DENY_VERSION) $@

.PHONY: clean
clean: down
	rm -rf .venv .local target
