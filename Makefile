# `make up` and `make test` are all one needs; everything happens in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: all install vercel up down test check fix bench clean

all: check test

install: $(VENV)/installed

vercel: $(BIN)/vercel

up: $(VENV)/installed
	$(BIN)/clipnet-emulate up $(ARGS)

down: $(VENV)/installed
	$(BIN)/clipnet-emulate down $(ARGS)

test: $(VENV)/installed-test
	$(BIN)/pytest $(ARGS)

check: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-test
	$(BIN)/python -m benchmarks.up
	$(BIN)/python -m benchmarks.clip
	$(BIN)/python -m benchmarks.cloudinary
	$(BIN)/python -m benchmarks.runpod
	$(BIN)/python -m benchmarks.vision

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c requirements.lock -e .
	$(BIN)/python -m compileall -q $(VENV)/lib emulator fakes clipnet seed || true
	touch $@

$(BIN)/vercel: $(VENV)/installed tests/sdk/vercel/package-lock.json
	npm ci --silent --no-audit --no-fund --omit=optional --prefix tests/sdk/vercel
	ln -sf "$(CURDIR)/tests/sdk/vercel/node_modules/.bin/vercel" $@
	touch $@

$(VENV)/installed-test: $(VENV)/installed tests/sdk/node/package-lock.json tests/sdk/vercel/package-lock.json
	$(BIN)/pip install --quiet -c requirements.lock -e '.[test]'
	if command -v npm >/dev/null; then for folder in node vercel; do \
		npm ci --silent --no-audit --no-fund --omit=optional --prefix tests/sdk/$$folder || exit 1; done; fi
	touch $@
