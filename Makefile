# The short scripts that people and CI share. `make run` and `make test` are all a newcomer needs.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
STAMP := $(VENV)/.ready
export PYTHONUTF8 := 1
export MLFLOW_DISABLE_TELEMETRY := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup run demo test proof lint bench lock clean
.DEFAULT_GOAL := help

help:
	@echo "make run    environment, train if needed, serve on http://127.0.0.1:8000 (Ctrl-C ends it)"
	@echo "make demo   the same on a free port with a dozen sample messages, then exit"
	@echo "make test   everything CI runs"
	@echo "make proof  the long forms: soak, kill, swap, clean environments"
	@echo "make lint   ruff and mypy · make bench  speed beside the naive pipeline · make lock  new locked requirements"

setup: $(STAMP)

# The stamp names the lock file and the project's own metadata: a change of either installs again.
$(STAMP): $(LOCK) pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked requirements into $(VENV) (about three minutes the first time)…"
	@$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

run: setup
	@$(BIN)/python scripts/demo.py run

demo: setup
	@$(BIN)/python scripts/demo.py demo

test: setup
	@$(BIN)/python scripts/test.py

proof: setup
	@$(BIN)/python -m pytest -m proof -p no:cacheprovider

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup
	@$(BIN)/paidan bench

lock:
	@$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --extra serve --extra train --extra postgres --extra dev --output-file requirements/dev.txt pyproject.toml
	@$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --extra serve --extra postgres --constraint requirements/dev.txt --output-file requirements/serve.txt pyproject.toml

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build dist
