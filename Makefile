# make serve   a server on http://127.0.0.1:8000 (PORT=, HOST=, SMALTI_DATA_DIR= change that)
# make test    lint, types and tests
# make lint    lint and types alone
# make clients the official clients, old and new, against a live server (Node's needs nodejs and npm)
# make browser the pages in a real Chromium (installs Debian's where it may); screens: pictures of them
# make survive kills real servers under load, and counts what is lost
# make compiled  the deciding code compiled, for a busy server and long replays; and its tests (needs gcc)
# make fuzz    requests and files made up by machines, against a live server
# make docs    writes the pages that are generated from the code
# make clean   removes what make made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := serve
.PHONY: serve test lint clients browser screens survive compiled fuzz docs clean

serve: $(VENV)/.installed
	@$(BIN)/smalti serve $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

test: lint
	@$(BIN)/python -m pytest -q

lint: $(VENV)/.installed-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict

clients: $(VENV)/.installed-test
	@$(BIN)/python tests/clients/environments.py
	@$(BIN)/python -m pytest -q -rs tests/clients

browser: $(VENV)/.installed-browser
	@command -v chromium >/dev/null || { echo "Installing Debian's chromium ..."; \
	  $$([ "$$(id -u)" = 0 ] || echo sudo -n) sh -c 'apt-get -qq update && apt-get -qq -y install chromium' >/dev/null; } || \
	  echo "There is no chromium, and it could not be installed: apt install chromium. Its tests are skipped." >&2
	@$(BIN)/python -m pytest -q -rs -m browser tests/browser

screens: export SMALTI_SCREENS = 1
screens: browser

survive: $(VENV)/.installed-test
	@$(BIN)/python -m pytest -q -m survive tests/survive

compiled: .compiled/.made
	@PYTHONPATH=.compiled $(BIN)/python -m pytest -q -rs tests/control tests/plan tests/compiled \
	  tests/service/test_preview.py tests/service/test_recorded.py

.compiled/.made: hatch_build.py pyproject.toml constraints.txt $(wildcard src/smalti/*.py src/smalti/*/*.py) | $(VENV)/.installed-test
	@echo "Compiling what decides (a minute or two) ..."
	@rm -rf .compiled
	@SMALTI_COMPILE=1 PIP_CONSTRAINT=constraints.txt $(PIP) install --no-deps --target .compiled .
	@touch $@

fuzz: $(VENV)/.installed-test
	@PYTHONPATH=tests:tests/hostile $(BIN)/python tests/fuzz/run.py

docs: $(VENV)/.installed
	@$(BIN)/python -m smalti.config > docs/configuration.md

clean:
	rm -rf $(VENV) .clients .compiled .fuzz .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "smalti needs Python 3.11 or newer, and '$(PYTHON)' is not: install it, or name one with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing: apt install python3-venv, then run make again." >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)

# A stamp is newer than what it was made from, so that nothing is installed twice.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing smalti and what it needs (a few minutes the first time) ..."
	@PIP_CONSTRAINT=constraints.txt $(PIP) install --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing smalti, what it needs and what its tests need (a few minutes the first time) ..."
	@PIP_CONSTRAINT=constraints.txt $(PIP) install --editable '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-browser: $(VENV)/.installed-test
	@PIP_CONSTRAINT=constraints.txt $(PIP) install --editable '.[test,browser]'
	@touch $@ $(VENV)/.installed-test $(VENV)/.installed
