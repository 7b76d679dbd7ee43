# One word for each daily task. `make` alone lists them.
#
# Nothing has to be set up before: each task first brings `.venv` up to date, which
# takes a minute the first time and nothing while pyproject.toml and constraints.txt
# stay as they are.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --constraint constraints.txt --build-constraint constraints.txt

DEMO_PORT ?= 5000

# What the build compiles.
PROTOCOL := $(wildcard src/deepaas/frontends/openinference/*.proto \
  src/deepaas/frontends/openinference/standard/*.proto)

.PHONY: help
help: ## list these tasks
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: demo
demo: .venv/.demo ## serve the example `digits` at http://127.0.0.1:5000 until Ctrl-C
	@echo 'Serving examples/digits at http://127.0.0.1:$(DEMO_PORT)'
	@echo 'Try it in a browser, http://127.0.0.1:$(DEMO_PORT)/api, or in another terminal:'
	@echo '  curl -F photo=@examples/digits/samples/7.png' \
	  'http://127.0.0.1:$(DEMO_PORT)/v2/models/digits/predict/'
	@$(BIN)/deepaas serve digits --listen-port $(DEMO_PORT)

# The tests count the installed models: they start from none.
.PHONY: test
test: .venv/.dev .venv/.docs debian ## run every test
	@$(PIP) uninstall --yes deepaas-digits 2>/dev/null; rm -f .venv/.demo
	@$(BIN)/pytest -n 2

.PHONY: chaos
chaos: .venv/.dev ## kill a server 1,000 times and count what it has lost: an hour
	@$(BIN)/python -m tests.chaos.storm --kills 1000

.PHONY: bench
bench: .venv/.dev .venv/.bench ## measure us beside other servers, an hour; W=W1 is a part
	@set -e; if [ -n "$(W)" ]; then $(BIN)/python -m benchmarks $(W); \
	else $(BIN)/python -m benchmarks > .bench/results.jsonl; \
	  cp .bench/results.jsonl benchmarks/results.jsonl; $(BIN)/python -m benchmarks.report; fi

.PHONY: bench-check
bench-check: .venv/.dev ## compare what a request costs with benchmarks/baseline.json
	@$(BIN)/python -m benchmarks.guard

.PHONY: check
check: .venv/.dev ## format, lint, types, import layers: before each commit
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: fix
fix: .venv/.dev ## let the tools mend what they can, and write generated pages
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/python -m deepaas.settings.reference docs/reference/settings.md

.PHONY: docs
docs: .venv/.docs ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build -q -n -W --keep-going docs docs/_build/html
	@echo 'Open docs/_build/html/index.html'

# ------------------------------------------------------------------- set-up

# pip older than 25.1, which Debian brings, knows no dependency groups.
.venv/.package: pyproject.toml constraints.txt hatch_build.py $(PROTOCOL)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'DEEPaaS needs Python 3.11 or newer: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'This Python lacks venv; install it: apt-get install python3-venv'; exit 1; }
	@echo 'Installing deepaas into .venv ...'
	@$(PYTHON) -m venv .venv
	@$(PIP) install --constraint constraints.txt pip
	@$(INSTALL) --editable .
	@touch $@

.venv/.demo: .venv/.package examples/digits/pyproject.toml examples/digits/deepaas_digits.py
	@echo 'Installing examples/digits into .venv ...'
	@$(INSTALL) ./examples/digits
	@touch $@

.venv/.dev: .venv/.package
	@echo 'Installing the tools for tests and checks into .venv ...'
	@$(INSTALL) --group test --group check
	@touch $@

.venv/.bench: .venv/.package
	@echo 'Installing what draws the benchmarks into .venv ...'
	@$(INSTALL) --group bench
	@mkdir -p .bench
	@touch $@

.venv/.docs: .venv/.package
	@echo 'Installing the tools for documentation into .venv ...'
	@$(INSTALL) --group docs
	@touch $@

# What the tests need from Debian: a browser that opens /api, and the documents' curl.
.PHONY: debian
debian:
	@missing=$$(for one in chromium curl strace; do command -v $$one >/dev/null || echo $$one; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing $$missing with apt-get ..." && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	    $$missing >/dev/null; \
	else \
	  echo "Some tests are skipped without these programs; as root:"; \
	  echo "  apt-get install" $$missing; \
	fi
