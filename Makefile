# `make weekly` and `make test` need python3.11 with venv, and nothing else; the rest needs what `make test` sets up.

BIN := .venv/bin
PIP := $(BIN)/pip -qq --disable-pip-version-check install
LOCK := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
CODE := planerka expectations tasks flows tests tools

# Hundreds of processes of the tests run this code: Python may keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: weekly test check format bench torture lock

weekly: .venv/runtime
	$(BIN)/planerka weekly

test: .venv/dev
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff format --check --quiet $(CODE)
	$(BIN)/ruff check --quiet $(CODE)
	$(BIN)/mypy

format: .venv/dev
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format --quiet $(CODE)

bench: .venv/dev
	$(BIN)/python -m tests.bench $(ONLY)

torture: .venv/dev
	$(BIN)/python -m pytest tests/torture --override-ini python_files='torture_*.py'

lock: .venv/dev
	$(LOCK) requirements.in --output-file requirements.lock
	$(BIN)/python tools/plain_names.py requirements.lock
	$(LOCK) requirements-dev.in --constraint requirements.lock --output-file requirements-dev.lock
	$(BIN)/python tools/plain_names.py requirements-dev.lock

# Prefect makes its own database, 8 s, here instead of in the first run of `make weekly` and of every test.
.venv/runtime: requirements.lock pyproject.toml
	@echo "Setting up .venv: one to three minutes, once"
	@python3.11 -m venv .venv
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-build-isolation --no-deps --editable .
	@PREFECT_HOME=$(CURDIR)/.venv/prefect DO_NOT_TRACK=1 $(BIN)/prefect server database upgrade --yes >/dev/null
	@mkdir -p var/prefect
	@test -e var/prefect/prefect.db || cp .venv/prefect/prefect.db var/prefect/
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@touch $@
