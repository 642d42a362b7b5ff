# claude-metrics: `make demo` to see it, `make test` to check it. Needs git, make and Python 3.11 or newer; all else goes into .venv.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
PYTEST_ARGS ?=
# Pages with parts that cog generates.
PAGES := README.md $(wildcard docs/*.md)

# The first of these that is Python 3.11 or newer and can make virtual environments; PYTHON=... names another.
PYTHONS := $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 python
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# Without what takes long or needs a tool of its own; what only root can try is always in it.
FAST := root or not (client or browser or faults or slow)

.PHONY: check help setup demo test test-fast lint docs screenshots bench clean
.DEFAULT_GOAL := check

check: test lint

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20
	@echo "  make              test and lint"

setup: $(STAMP) ## make the virtual environment in .venv

demo: $(STAMP) ## record a bundled session in a scratch folder and print its report
	@$(BIN)/claude-metrics demo

test: $(STAMP) ## run every test
	@$(BIN)/pytest -n auto $(PYTEST_ARGS)

test-fast: $(STAMP) ## run what takes a minute: no real client, no browser, no injected faults, nothing slow
	@$(BIN)/pytest -n auto -m "$(FAST)" $(PYTEST_ARGS)

lint: $(STAMP) ## ruff, mypy for each platform, and whether the generated pages and dashboards are current
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	@$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin
	@$(BIN)/python -W ignore -m grafana.src --check
	@$(BIN)/cog -P --check --diff $(PAGES)
	@$(BIN)/python -m scripts.prices --check

docs: $(STAMP) ## write the generated parts of the pages, and the dashboards
	@$(BIN)/python -W ignore -m grafana.src
	@$(BIN)/cog -P -r $(PAGES)
	@$(BIN)/python -m scripts.prices

screenshots: $(STAMP) ## take the pictures of the README (needs chromium)
	@$(BIN)/python -m tests.support.screenshots docs

bench: $(STAMP) ## time the hook, the start-up and an ingest
	@$(BIN)/python -m benchmarks

clean: ## remove the virtual environment, the caches and the clients under test
	rm -rf $(VENV) .cache build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@found=; for python in $(PYTHONS); do \
	  if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "claude-metrics needs Python 3.11 or newer with venv (on Debian and Ubuntu: apt install python3-venv)." >&2; \
	  echo "Found: $$(python3 --version 2>&1). Name another with: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$found" --version) ..."; \
	[ -x $(BIN)/python ] || "$$found" -m venv $(VENV)
	@echo "Installing the packages it needs; this takes about a minute ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e '.[dev]' \
	  | sed -nE 's/^(Collecting [^ ]+|Installing collected packages).*/  \1/p'; exit $${PIPESTATUS[0]}
	@touch $@
