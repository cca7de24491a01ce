# Needs Python 3.11 or newer, make and the network; everything else is fetched.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
FUZZ_SECONDS ?= 100
FAST := not media and not browser and not interop and not slow

.PHONY: help app demo test check bench fuzz docs format clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

app: $(VENV)/.run-ready ## a phone in a web page at https://localhost:3000, with a platform behind it, until Ctrl-C
	$(BIN)/exotel-voice demo

demo: $(VENV)/.run-ready ## one whole phone call on this machine, measured; ends with 0 if it held
	$(BIN)/exotel-voice demo --check

test: $(VENV)/.dev-ready ## every test; as root on Debian installs the servers and browsers they need
	$(BIN)/python scripts/install_test_needs.py
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PYTEST_ARGS)

check: $(VENV)/.dev-ready ## format, lint, types, layers, state diagrams and the fast tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/draw_machines.py --check
	$(BIN)/python scripts/write_errors.py --check
	$(BIN)/pytest -q -n 2 -m "$(FAST)" $(PYTEST_ARGS)

bench: $(VENV)/.dev-ready ## the tables of benchmarks/, each figure beside its target
	$(BIN)/python scripts/install_test_needs.py
	$(BIN)/python -m benchmarks

fuzz: $(VENV)/.dev-ready ## random bytes at the parsers, FUZZ_SECONDS=100 at each
	$(BIN)/python -m pip install --quiet atheris
	@for target in parser sdp digest; do \
	    echo "fuzz: $$target for $(FUZZ_SECONDS) s"; \
	    $(BIN)/python tests/fuzz/run.py $$target -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

docs: $(VENV)/.dev-ready ## the documentation into site/: offline, and a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(VENV)/.dev-ready ## rewrite the sources in the one format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove the environment and everything generated
	rm -rf $(VENV) tests/interop/node_modules tests/web/node_modules .coverage* .pytest_cache .ruff_cache .mypy_cache .hypothesis dist site

$(VENV)/.run-ready: pyproject.toml scripts/setup_venv.py
	$(PYTHON) scripts/setup_venv.py $(VENV)
	@touch $@

$(VENV)/.dev-ready: pyproject.toml scripts/setup_venv.py
	$(PYTHON) scripts/setup_venv.py --dev $(VENV)
	@touch $(VENV)/.run-ready $@
