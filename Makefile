# Verbs for people; each sets up what it needs. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
TOOLS := .tools
BIN := $(VENV)/bin
UV := $(TOOLS)/uv/bin/uv
SAM := $(TOOLS)/sam/bin/sam
MINISTACK := $(TOOLS)/ministack/bin/ministack
FUZZER := $(TOOLS)/fuzz/bin/python
CDK := $(TOOLS)/cdk/bin/python
# What people pass on: make deploy DEPLOY_ARGS="--parameter-overrides Buckets=a,b"
DEPLOY_ARGS ?=
CONFIG_ENV ?= default
# The stack that samconfig.toml names, as the command line reads it too (infra/cli/session.py).
NAMED := import tomllib; env = tomllib.load(open("samconfig.toml", "rb")).get("$(CONFIG_ENV)", {}); \
  names = [env.get(each, {}).get("parameters", {}).get("stack_name") for each in ("deploy", "global")]; \
  print(next(filter(None, names), ""))
STACK ?= $(or $(shell $(PYTHON) -c '$(NAMED)' 2>/dev/null),cloudfront-invalidator)

export SAM_CLI_TELEMETRY := 0
# Where somebody has set it, each start of a tool compiles thousands of its files again: the tests take twice as long.
unexport PYTHONDONTWRITEBYTECODE
# The SDK for Python and SAM read AWS_DEFAULT_REGION alone.
ifneq ($(AWS_REGION),)
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif
# uv does not read pip's settings: a mirror must be named to both.
NO_REGISTRY := { echo "the package registry did not answer; of a mirror, pip is told by PIP_INDEX_URL (or pip.conf), uv by UV_DEFAULT_INDEX" >&2; exit 1; }

.PHONY: help setup
help: ## print these verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## install the pinned tools into .venv and .tools
	@echo "ready: $(BIN)/invalidator --help"

$(UV): infra/requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(TOOLS)/uv || \
	  { echo "python venv is missing: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@$(TOOLS)/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $< || $(NO_REGISTRY)
	@touch $@

$(VENV)/.ready: infra/requirements/dev.txt pyproject.toml $(UV)
	@$(UV) venv --quiet --clear --python $(TOOLS)/uv/bin/python $(VENV)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r infra/requirements/dev.txt || $(NO_REGISTRY)
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(SAM): infra/requirements/sam.txt $(UV)
	@$(UV) venv --quiet --clear --python $(TOOLS)/uv/bin/python $(TOOLS)/sam
	@$(UV) pip install --quiet --python $(TOOLS)/sam/bin/python --require-hashes -r $< || $(NO_REGISTRY)
	@touch $@

$(MINISTACK): infra/requirements/ministack.txt $(UV)
	@$(UV) venv --quiet --clear --python $(TOOLS)/uv/bin/python $(TOOLS)/ministack
	@$(UV) pip install --quiet --python $(TOOLS)/ministack/bin/python --require-hashes -r $< || $(NO_REGISTRY)
	@touch $@

$(CDK): infra/requirements/cdk.txt $(UV)
	@$(UV) venv --quiet --clear --python $(TOOLS)/uv/bin/python $(TOOLS)/cdk
	@$(UV) pip install --quiet --python $@ --require-hashes -r $< || { rm -f $@; $(NO_REGISTRY); }
	@touch $@

$(FUZZER): infra/requirements/fuzz.txt $(UV)
	@$(UV) venv --quiet --clear --python $(TOOLS)/uv/bin/python $(TOOLS)/fuzz
	@$(UV) pip install --quiet --python $@ --require-hashes -r $< || \
	  { rm -f $@; echo "atheris has no wheel for this Python or machine: make test feeds the same targets without it" >&2; exit 1; }
	@touch $@

.PHONY: lint
lint: setup ## style, types, import walls, stale tables
	@$(BIN)/ruff check functions infra tests
	@$(BIN)/ruff format --check functions infra tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/cog --check --check-fail-msg="stale; write it again with: make docs" README.md infra/how-it-works.md

.PHONY: docs
docs: setup ## write the tables of README and how-it-works again, from the template and the code
	@$(BIN)/cog -r README.md infra/how-it-works.md

.PHONY: local
# FAULT=access-denied makes something go wrong; a name that is none lists them all.
FAULT ?=
local: setup $(SAM) $(MINISTACK) ## an AWS on this machine with the stack deployed, to play with; FAULT=name breaks it
	@$(BIN)/python -m infra.local $(FAULT)

.PHONY: demo
demo: setup $(SAM) $(MINISTACK) ## run the main job on an AWS inside this machine
	@$(BIN)/python -m infra.demo

# After a change of what they show; some take minutes.
PICTURES ?=
.PHONY: pictures
pictures: setup $(SAM) $(MINISTACK) ## draw the README's pictures again; PICTURES=demo draws one
	@$(BIN)/python -m infra.pictures $(PICTURES)

# For the one test that looks at a page in a browser; where none can be had, it is skipped and says so.
.PHONY: browser
browser: setup
	@$(BIN)/python -m infra.browser

.PHONY: test
test: browser $(SAM) $(MINISTACK) ## all checks and tests; other examples and schedules with SEED=n
	@$(MAKE) --no-print-directory --jobs=2 lint validate $(VENV)/.compiled
	@$(BIN)/python -m pytest -q $(SPREAD)

# On the core that lint leaves free: on a new clone, each process of the run would compile the same thousand files.
$(VENV)/.compiled: $(VENV)/.ready
	@$(BIN)/python -m pytest -q --collect-only tests >/dev/null || :
	@touch $@

# Two of the four wait for a local AWS more than they compute; the other two keep two cores busy. tests/conftest.py
# orders the tests.
SPREAD := -n 4 --dist loadgroup --no-loadscope-reorder
# Without what needs the local AWS, or seconds for one test.
QUICK := -m "not local_aws and not long and not soak"
# Not all that runs in Lambda: with lint, this much fits into a minute.
LAMBDA := $(addprefix tests/,core intake sender sweep survey rollback template function hostile)
.PHONY: check
check: lint $(SAM) ## lint, and of the worker's tests what fits into a minute
	@$(BIN)/python -m pytest -q -n auto --dist loadgroup $(QUICK) $(LAMBDA)

# make unit ARGS="tests/core -k wildcard"
ARGS ?=
.PHONY: unit
unit: setup $(SAM) $(MINISTACK) ## the tests that ARGS names, as pytest takes them
	@$(BIN)/python -m pytest -q $(ARGS)

.PHONY: coverage
coverage: setup $(SAM) ## which lines no quick test runs
	@$(BIN)/python -m pytest -q -n auto --dist loadgroup $(QUICK) --cov --cov-report=term:skip-covered

# Minutes; and SEED=n to see one storm again. Before, the property tests with many new examples.
SOAK ?= 30
.PHONY: soak
soak: setup $(SAM) $(MINISTACK) $(CDK) ## property tests with new examples; storms of faults for SOAK minutes
	@$(BIN)/python -m pytest -q -n auto -m hypothesis --hypothesis-profile=soak
	@SOAK=$(SOAK) $(BIN)/python -m pytest -q -s -m soak

# Minutes, shared by the targets.
FUZZ ?= 10
.PHONY: fuzz
fuzz: $(FUZZER) ## feed what reads outside bytes, coverage-guided, for FUZZ minutes
	@PYTHONPATH=functions:. $(FUZZER) -m tests.hostile.fuzz_coverage $(FUZZ)

# Strict: a package that could not be asked about counts as a failure, never as all clear.
PINS := functions/requirements.txt $(wildcard infra/requirements/*.txt)
.PHONY: audit
audit: setup ## known vulnerabilities in the pinned packages; all must be asked about
	@failed=; for pins in $(PINS); do echo "$$pins" >&2; \
	  $(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off --timeout 10 -r $$pins \
	  || failed="$$failed $$pins"; done; \
	  [ -z "$$failed" ] || { echo "vulnerable, or not checked:$$failed" >&2; exit 1; }

.PHONY: bench
bench: setup ## measure speed and purge, as ratios; compare with the committed ones
	@$(BIN)/python -m infra.bench

# ---- The stack ----
# `sam` finds credentials and the Region as every AWS tool does; offline verbs only need some Region.

.PHONY: validate build deploy outputs delete clean credentials
validate: setup $(SAM) ## check the template, offline
	@AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(SAM) validate --lint

build: $(SAM) $(UV) ## build the functions for Lambda (arm64)
	@UV=$(abspath $(UV)) $(SAM) build

# What is compiled names Lambda's own Python: COMPILER=/path/to/python3.13 where uv finds none.
.PHONY: package
package: setup build ## write a release into dist: zips, template, checksums, bill of materials
	@$(BIN)/python -m infra.release

deploy: setup credentials build ## build and deploy to the account of your credentials
	@$(BIN)/python -m infra.stack try --stack $(STACK) --config-env $(CONFIG_ENV) -- $(DEPLOY_ARGS)
	@$(SAM) deploy --config-env $(CONFIG_ENV) --stack-name $(STACK) $(DEPLOY_ARGS)

outputs: credentials ## print the stack's outputs
	@$(SAM) list stack-outputs --stack-name $(STACK) --output table

# What `make smoke SMOKE_ARGS=--help` names.
SMOKE_ARGS ?=
.PHONY: smoke
smoke: setup credentials ## prove the deployed stack in your account, with a site that is made and removed
	@$(BIN)/python -m infra.smoke --stack $(STACK) $(SMOKE_ARGS)

.PHONY: status dlq logs
status: setup ## what waits, what failed, what it costs
	@$(BIN)/invalidator status --stack $(STACK)

dlq: setup ## what failed for good, why, and how to mend it
	@$(BIN)/invalidator dlq explain --stack $(STACK)

logs: setup ## the worker's log of the last hour, readable
	@$(BIN)/invalidator logs --stack $(STACK)

# YES=1 asks nothing.
delete: setup credentials ## delete the stack: says what is lost and what stays, and asks
	@$(BIN)/python -m infra.stack delete --stack $(STACK) $(if $(YES),--yes) -- $(SAM) delete --stack-name $(STACK) --no-prompts

clean: ## remove what was built and installed
	@rm -rf .aws-sam .local dist $(VENV) $(TOOLS) .mypy_cache .ruff_cache .hypothesis .import_linter_cache .pytest_cache

credentials: $(SAM)
	@$(TOOLS)/sam/bin/python -c 'import boto3, sys; s = boto3.Session(); \
	  sys.exit("no AWS credentials: run `aws configure`, or set AWS_PROFILE") if not s.get_credentials() else None; \
	  sys.exit("no AWS Region: set AWS_REGION, or a region in your AWS profile") if not s.region_name else None'
