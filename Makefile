# Everything a developer or operator does with this checkout. `make help` lists it.
# PYTHON may be overridden: make PYTHON=/usr/bin/python3.11 run

PYTHON ?= python3.11
NAME ?=
DEMO ?= 20
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKS := requirements.lock requirements-build.lock

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test bench conformance lint format texts screenshots lock env clean

help: ## List what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: compiled ## Start everything with 20 simulated chargers (DEMO=n for another number); Ctrl-C ends it all
	@exec $(BIN)/raycharge up --demo $(DEMO)

test: compiled ## Run the tests: those without a running system on all cores, then those that share one, then those that kill (.ci/run has more)
	@$(BIN)/pytest -n auto -m "not system and not crash and not pages and not long"
	@$(BIN)/pytest -m "system and not crash and not long" tests/system tests/conformance
	@$(BIN)/pytest -m "crash and not control and not long" tests/system

bench: compiled ## Run all benchmarks, or one with NAME=ingest; the last line is one JSON object
	@$(BIN)/python -m benchmarks $(NAME)

conformance: $(READY) ## Hold one running system against every OCPP test case; the last line is one JSON object
	@$(BIN)/python -m tests.conformance

lint: $(READY) ## Check style, types, dependency direction and that generated pages are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m api.ui.extraction --check
	@fresh=$$(mktemp -d); trap 'rm -r "$$fresh"' EXIT; \
	$(BIN)/python -m engine.charging.diagrams "$$fresh"; \
	diff -r "$$fresh" docs/machines || { echo "Generated pages are stale: $(BIN)/python -m engine.charging.diagrams docs/machines" >&2; exit 1; }; \
	$(BIN)/python -m tests.conformance.document "$$fresh/conformance.md"; \
	diff "$$fresh/conformance.md" docs/conformance.md || { echo "A generated page is stale: $(BIN)/python -m tests.conformance.document docs/conformance.md" >&2; exit 1; }

format: $(READY) ## Format the code and sort the imports
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

texts: $(READY) ## Take new texts of the pages into the catalogues; says what is not translated yet
	@$(BIN)/python -m api.ui.extraction

screenshots: $(READY) ## Look at every page in Chromium and write docs/images anew
	@RAYCHARGE_SCREENSHOTS=1 $(BIN)/pytest -q tests/web/test_screenshots.py tests/web/test_drive_screenshots.py

env: compiled ## Make the environment only

# Without a compiler, and after a failure on a developer's machine, everything runs from its sources; CI wants to know.
compiled: $(READY) ## Compile the hot path of these sources, if that is not done (run, test and bench begin with it)
	@$(BIN)/python -m engine.compiled || [ -z "$${CI:-}" ]

lock: ## Resolve the dependencies of pyproject.toml anew and write the hashed lock files
	@uv=$$(command -v uv || true); temporary=; \
	if [ -z "$$uv" ]; then \
	  temporary=$$(mktemp -d); trap 'rm -rf "$$temporary"' EXIT; \
	  $(PYTHON) -m venv "$$temporary"; "$$temporary/bin/pip" install --quiet uv; uv="$$temporary/bin/uv"; \
	fi; \
	options="--generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --quiet"; \
	"$$uv" pip compile pyproject.toml --extra dev $$options --custom-compile-command "make lock" -o requirements.lock; \
	$(PYTHON) -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"]))' \
	  | "$$uv" pip compile - $$options --custom-compile-command "make lock" -o requirements-build.lock

clean: ## Remove the environment and caches; data stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info

# The environment. Two makes at once wait for each other at the lock; the second finds it ready and goes on.
$(READY): $(LOCKS) pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: $(PYTHON) is not here. Try make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@mkdir -p $(VENV)
	@exec 9>$(VENV)/.lock; $(PYTHON) -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'; \
	if [ -f $@ ] && [ $@ -nt requirements.lock ] && [ $@ -nt requirements-build.lock ] && [ $@ -nt pyproject.toml ]; then exit 0; fi; \
	echo "Making the environment in $(VENV): $$(grep -c == requirements.lock) locked packages, some 500 MB. Only the first time."; \
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV); \
	PYTHONUNBUFFERED=1 $(BIN)/pip install --disable-pip-version-check --require-hashes --only-binary :all: \
	  $(addprefix -r ,$(LOCKS)) 9>&- | sed -unE 's/^Collecting ([^ ]+).*/  \1/p; s/^(Installing collected packages).*/\1 …/p'; \
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e . 9>&-; \
	touch $@; echo "The environment is ready."
