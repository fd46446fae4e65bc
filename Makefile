# Two commands do all the set-up: `make demo` (Python only) and `make test` (also Node, a C compiler, for the tests).

SUITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c '$(SUITS)' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= 2

.PHONY: demo test test-slow check lock clean

demo: $(VENV)/.runtime
	@$(BIN)/vostro demo

test: $(VENV)/.dev node_modules/.installed
	@$(BIN)/python scripts/check.py
	@$(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadgroup

test-slow: $(VENV)/.dev node_modules/.installed
	@$(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadgroup -m slow

check: $(VENV)/.dev
	@$(BIN)/python scripts/check.py

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "vostro needs Python 3.11, 3.12 or 3.13; none was found" >&2; exit 1; }
	@$(PYTHON) -c '$(SUITS)' || { echo "vostro needs Python 3.11, 3.12 or 3.13; $(PYTHON) is none of them" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "could not make $(VENV); on Debian install python3-venv" >&2; exit 1; }

$(VENV)/.runtime: requirements.lock requirements-fast.lock pyproject.toml | $(BIN)/python
	@echo "installing (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-fast.lock 2>/dev/null \
		|| echo "no fast RLP for this platform; going on without it"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

node_modules/.installed: package.json package-lock.json scripts/install_test_tools
	@scripts/install_test_tools
	@npm ci --silent --no-fund --no-audit
	@touch $@

lock: $(VENV)/.dev
	@$(BIN)/python scripts/lock.py

clean:
	@rm -rf $(VENV) node_modules contracts/build
