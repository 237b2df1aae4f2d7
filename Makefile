# Everything a newcomer, a developer and the CI run. Needs make and Python 3.11 or newer, nothing else.
#
#   make demo             the broker at work: agencies, documents, receipts
#   make test             the whole test suite        make test T=tests/core   a part of it
#
# The environment is built by the first target that needs it, from requirements pinned with hashes,
# and again when those change. To build it with another Python: make clean, make PYTHON=python3.13 demo

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Twice quiet: errors are still said.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate

# A Python named by the user is the only candidate; else the first that is new enough.
ifeq ($(origin PYTHON),file)
CANDIDATES := $(PYTHON) python3.14 python3.13 python3.12 python3.11
else
CANDIDATES := $(PYTHON)
endif

# Tests that start processes, crash them or wait come last: a mistake in the rest shows in seconds.
SLOW := tests/anomaly/ tests/acceptance/
# These need the software that agencies have: make test-real.
REAL_TESTS := tests/real/
FAST := $(sort $(filter-out $(SLOW) $(REAL_TESTS),$(dir $(wildcard tests/*/test_*.py)) $(wildcard tests/test_*.py)))
T ?= $(FAST) $(wildcard $(SLOW))

# Compiled modules lie in the environment. Where the machine keeps Python from writing any, each of the
# many processes that tests start would compile a thousand modules, half of what its start costs.
COMPILED := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/$(VENV)/compiled

# Tests at once: one more than two cores have, for tests also wait, for databases and for processes.
WORKERS ?= 3

.PHONY: help demo serve test test-real lint format bench verifier venv requirements clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:
	@echo "make demo    the broker at work, about a minute"
	@echo "make serve   the broker, until Ctrl-C (make serve SAMPLE=1: with a make-believe province)"
	@echo "make test    all tests (make test T=tests/core: some; WORKERS=4: so many at once)"
	@echo "make test-real   adapters against real software (redis-server libldap2-dev libsasl2-dev gcc of Debian)"
	@echo "make lint    ruff, formatting, docstrings, types"
	@echo "make format  put the code in form"
	@echo "make bench   measure speed beside the plain stack"
	@echo "make verifier   the auditors' verifier as one file, in dist"
	@echo "make venv    the environment for all of these, in $(VENV)"
	@echo "make requirements   pin the newest versions again"
	@echo "make clean   remove the environment and caches (var/ stays: it holds documents)"

demo: $(VENV)/run
	@$(COMPILED) $(BIN)/exchange demo

serve: $(VENV)/run
	@$(BIN)/exchange serve $(if $(SAMPLE),--sample)

test: $(VENV)/dev
	@$(COMPILED) $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder --durations=10 $(T)

# Adapters against the software that agencies have, each in an environment of its own.
REAL := plone mayan

test-real: $(VENV)/dev $(REAL:%=$(VENV)/real-%/ready)
	@$(COMPILED) $(BIN)/python -m pytest -n 0 --durations=10 $(if $(filter command line environment,$(origin T)),$(T),$(REAL_TESTS))

$(VENV)/real-%/ready: tests/real/requirements-%.txt | $(VENV)/dev
	@echo "Installing $* to test against"
	@$(BIN)/python -m venv $(VENV)/real-$*
	@$(VENV)/real-$*/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes --no-deps -r $<
	@touch $@

lint: $(VENV)/dev
	@echo "ruff: rules and docstrings"
	@$(BIN)/python -m ruff check .
	@echo "ruff: formatting"
	@$(BIN)/python -m ruff format --check .
	@echo "mypy: types, strict"
	@$(BIN)/python -m mypy

format: $(VENV)/dev
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

bench: $(VENV)/dev
	@$(BIN)/python -m bench

verifier: $(VENV)/run
	@$(BIN)/python -m exchange.audit.publishing dist

venv: $(VENV)/dev
	@echo "$(VENV) is ready"

# Two stamps: what runs the broker, and on top of it what tests it. Modules are compiled when first
# imported: compiling them all while installing takes longer than the installing.
$(VENV)/run: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing $$(grep -c == requirements.txt) packages to run the broker (about half a minute)"
	@$(PIP) install --no-compile --no-deps --require-hashes -r requirements.txt
	@$(PIP) install --no-compile --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: requirements-dev.txt requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing $$(grep -c == requirements-dev.txt) packages to run and test the broker (under a minute)"
	@$(PIP) install --no-compile --no-deps --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-compile --no-deps --no-build-isolation -e .
	@touch $(VENV)/run $@

$(BIN)/python:
	@for python in $(CANDIDATES); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "Creating $(VENV) with $$("$$python" --version)"; \
		"$$python" -m venv --clear $(VENV) && exit 0; \
		rm -rf $(VENV); \
		echo "$$python cannot make an environment: on Debian and Ubuntu install python3-venv." >&2; \
		exit 1; \
	done; \
	echo "Python 3.11 or newer is needed; tried: $(CANDIDATES)." >&2; \
	echo "Install it, or name it: make PYTHON=/path/to/python3.11 demo" >&2; \
	exit 1

requirements: $(VENV)/dev
	@echo "Resolving the newest versions that pyproject.toml allows"
	@$(PIP) install uv
	@$(COMPILE) --upgrade --extra build --extra demo -o requirements.txt
	@$(COMPILE) --upgrade --extra dev -c requirements.txt -o requirements-dev.txt

clean:
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
