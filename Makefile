# Every command of the project; `make` alone lists them. `run` and `test` install what is missing first.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .setup
RUNTIME := $(STAMPS)/runtime
DEVELOPMENT := $(STAMPS)/development
NODE_MODULES := $(STAMPS)/node_modules
PAGES := $(STAMPS)/pages
MUTANTS := $(STAMPS)/mutants
export NEXT_TELEMETRY_DISABLED := 1

.PHONY: help run setup test check mutants fix bench client lock clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) $(PAGES) ## start the arena: API on :8000, pages on :3000, Ctrl-C stops it
	@cd backend && exec ../$(BIN)/python run.py

setup: $(DEVELOPMENT) $(PAGES) ## install everything, start nothing

test: $(DEVELOPMENT) $(PAGES) ## install what is missing, then every check and every test
	@PYTHON=$(CURDIR)/$(BIN)/python deploy/test-needs.sh
	@$(MAKE) check
	cd backend && ../$(BIN)/python -m coverage run -m pytest tests/engine && ../$(BIN)/python -m coverage report
	cd backend && ../$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --ignore=tests/engine
	cd frontend && npm test

check: $(DEVELOPMENT) $(NODE_MODULES) ## formatting, lint, types, import rules, freshness of the generated client
	cd backend && ../$(BIN)/ruff format --check . && ../$(BIN)/ruff check . && ../$(BIN)/mypy && ../$(BIN)/lint-imports
	cd frontend && npm run lint && npm run typecheck
	@$(MAKE) client-fresh

# In a copy without data from outside, so that the list is the same everywhere; docs/mutants.md argues each line of it.
mutants: $(DEVELOPMENT) ## plant faults in the engine one by one, list those that no test notices (10 minutes)
	@rm -rf $(MUTANTS) && mkdir -p $(MUTANTS) && cp -r backend/app backend/tests backend/pyproject.toml $(MUTANTS)
	cd $(MUTANTS) && $(CURDIR)/$(BIN)/mutmut run && $(CURDIR)/$(BIN)/mutmut results

fix: $(DEVELOPMENT) $(NODE_MODULES) ## format and mend what can be mended by itself
	cd backend && ../$(BIN)/ruff check --fix . ; ../$(BIN)/ruff format .
	cd frontend && npm run fix

bench: $(RUNTIME) ## print the benchmarks (minutes)
	cd backend && ../$(BIN)/python ../bench/cycle.py && ../$(BIN)/python ../bench/turns.py && ../$(BIN)/python ../bench/prompts.py && ../$(BIN)/python ../bench/replay.py

client: $(DEVELOPMENT) $(NODE_MODULES) ## write frontend/api/openapi.json and the TypeScript client from the running code
	cd backend && ../$(BIN)/python -m app.api.document > ../frontend/api/openapi.json
	cd frontend && npm run generate

.PHONY: client-fresh
client-fresh:
	@cd backend && ../$(BIN)/python -m app.api.document | cmp -s - ../frontend/api/openapi.json \
	  || { echo "frontend/api/openapi.json is older than the routes: run 'make client' and commit the result."; exit 1; }
	@cd frontend && npm run generate:check

lock: $(DEVELOPMENT) ## write the Python lock files anew from pyproject.toml
	cd backend && ../$(BIN)/uv pip compile -q pyproject.toml --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 -o requirements.lock
	cd backend && ../$(BIN)/uv pip compile -q pyproject.toml --extra dev --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 -c requirements.lock -o requirements-dev.lock

clean: ## remove what was installed and built, keep data
	rm -rf $(VENV) $(STAMPS) frontend/node_modules frontend/.next frontend/out

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tiltyard needs Python 3.11 or newer; set PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

$(RUNTIME): backend/requirements.lock | $(BIN)/python
	@echo "Installing Python packages…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r backend/requirements.lock
	@$(MAKE) $(STAMPS)/package
	@touch $@

$(DEVELOPMENT): backend/requirements-dev.lock | $(BIN)/python
	@echo "Installing Python packages for development…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r backend/requirements-dev.lock
	@$(MAKE) $(STAMPS)/package
	@touch $@ $(RUNTIME)

# The package itself, in place: a .pth file and the `tiltyard` command, without building anything.
.PHONY: $(STAMPS)/package
$(STAMPS)/package:
	@mkdir -p $(STAMPS)
	@$(BIN)/python deploy/link.py

$(NODE_MODULES): frontend/package-lock.json
	@command -v npm > /dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
	  || { echo "Node.js 20 or newer with npm is needed to build the pages."; exit 1; }
	@echo "Installing web packages…"
	@cd frontend && npm ci --silent --no-audit --no-fund
	@mkdir -p $(STAMPS) && touch $@

$(PAGES): $(NODE_MODULES) $(shell find frontend -type f \( -path frontend/node_modules -o -path frontend/.next -o -path frontend/out -o -path frontend/e2e \) -prune -o -type f \( -name '*.ts' -o -name '*.tsx' -o -name '*.css' -o -name '*.mjs' -o -name '*.json' \) -print 2>/dev/null | grep -vE '^frontend/(node_modules|\.next|out|e2e)/')
	@echo "Building the pages…"
	@cd frontend && npm run --silent build > ../$(STAMPS)/pages.log 2>&1 || { cat ../$(STAMPS)/pages.log; exit 1; }
	@touch $@
