# Everything sets itself up in .venv: Python 3.11+ and git are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV ?= $(BIN)/conference-coach demo --browser

.DEFAULT_GOAL := help
.PHONY: help demo play browser test nightly lint trust mutants bench lock dev dist clean

help:            ## What can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=…") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)   ## One student's quarter in fast time, in this terminal
	@$(BIN)/conference-coach demo

play: $(READY)   ## The demo, with you as the student
	@$(BIN)/conference-coach demo --play

browser: $(READY) ## The demo in a page that looks like Slack (needs npm the first time)
	@$(BIN)/conference-coach demo --browser

dev: $(READY)    ## The bot in a page on this machine, started anew at every change
	@$(BIN)/watchfiles --sigint-timeout 10 --filter default "$(DEV)" bot prompts scheduler

test: $(READY)   ## All tests, on SQLite and PostgreSQL
	@$(BIN)/pytest

nightly: $(READY) ## Thousands of kills, 10,000 deliveries by 2 and 4 workers: about a quarter of an hour
	@NIGHTLY=1 $(BIN)/pytest tests/crash/test_kill_delivery.py tests/crash/test_workers.py

lint: $(READY)   ## Format, lint, types, import contracts, words
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/conference-coach prompts check

trust: $(READY)  ## Known vulnerabilities, secrets in the tree, a list of what is shipped (build/sbom.json)
	@$(BIN)/python .ci/trust.py secrets
	@$(BIN)/python .ci/trust.py advisories
	@$(BIN)/python .ci/trust.py sbom build/sbom.json

mutants: $(READY)  ## Faults planted one at a time: does the suite notice?
	@$(BIN)/python -m tests.trust.mutants

bench: $(READY)  ## Benchmarks beside peers, one table; writes docs/benchmarks/ (ONLY=load: that section)
	@$(BIN)/python -m tests.bench $(ONLY)

dist: $(READY)   ## What a release has: wheel, source, list of dependencies, in dist/
	@rm -rf dist
	@$(BIN)/hatchling build -d dist
	@$(BIN)/python .ci/trust.py sbom dist/sbom.json

lock: $(READY)   ## Pin the dependencies again, with hashes
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt
	@echo hatchling | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -c requirements-dev.txt - -o requirements-build.txt

clean:           ## Remove what was set up
	@rm -rf $(VENV) .bench build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
