# The commands that work on Croquis takes; `make` alone lists them. Where no virtual environment is active, .venv is used.
PYTHON = $(if $(VIRTUAL_ENV),python,$(shell test -x .venv/bin/python && echo .venv/bin/python || echo python3))
ARGS :=

.DEFAULT_GOAL := help
.PHONY: help install ready run quick test lint format bench train

help:  ## List these commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 16

install:  ## Install what the program and its tests need into .venv, or into the active virtual environment
	@test -n "$(VIRTUAL_ENV)" || test -d .venv || python3 -m venv .venv
	$(if $(VIRTUAL_ENV),python,.venv/bin/python) -m pip install -r requirements-test.txt

ready:
	@$(PYTHON) -c "import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, ('PIL', 'gradio', 'pytest', 'ruff'))))" || { echo "Packages are missing here: make install puts them in now."; $(MAKE) install; }

run:  ## Open the page
	$(PYTHON) app.py $(ARGS)

quick: ready  ## Check form and run the tests that need no torch, no browser and no server: less than a minute
	$(PYTHON) -m tests quick $(ARGS)

test: ready  ## Check form, types and scripts, and run every test
	$(PYTHON) -m tests $(ARGS)

lint: ready  ## Check form, types and scripts, and run no test
	$(PYTHON) -m tests lint

format: ready  ## Put all Python into its form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench:  ## Measure drawing, memory and the style search
	$(PYTHON) -m tests.benchmarks.denoise
	$(PYTHON) -m tests.benchmarks.memory
	$(PYTHON) -m tests.benchmarks.retrieval --only search

train:  ## Train the pocket model, or print what it takes: make train ARGS=--help
	$(PYTHON) -m pipeline.pocket.train $(ARGS)
