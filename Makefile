# The whole developer interface. Needs Python >= 3.11 (with venv) and make; everything else goes into .venv.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
unexport PYTHONHOME PYTHONPATH

# --- settings, overridable on the command line: make test PYTHON=/opt/python3.12/bin/python ---------------------------

PYTHON  ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$python"; break; }; done)
WORKERS ?= 2
SEEDS   ?=
SHARE   ?= full
CHAOS_SECONDS ?=

PY     := .venv/bin/python
PYTEST := $(PY) -m pytest
LAYERS := domain ports adapters application facade
SYNC   := $(PY) -m pip install --quiet --disable-pip-version-check --no-build-isolation -c constraints.txt \
	--config-settings editable_mode=strict

# --- the targets ------------------------------------------------------------------------------------------------------

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: .venv/.synced ## watch signals become bracketed positions on a simulated Binance
	@$(PY) -m surefill demo

.PHONY: test
test: check ## every check, every test, and the coverage gates
	$(PYTEST) tests/recorded
	HYPOTHESIS_PROFILE=ci $(PYTEST) -n $(WORKERS) tests/chaos
	HYPOTHESIS_PROFILE=ci $(PYTEST) -n $(WORKERS) --ignore=tests/recorded --ignore=tests/chaos --cov --cov-report=
	$(PY) -m coverage report --include='domain/*,application/*' --fail-under=100
	$(PY) -m coverage report --omit='domain/*,application/*' --fail-under=95
	@echo "make test: all checks and tests passed, and both coverage gates held."

.PHONY: check
check: .venv/.synced ## the checks that run nothing: ruff, mypy, basedpyright, import-linter
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m basedpyright --level error
	.venv/bin/lint-imports --no-cache

.PHONY: chaos
chaos: .venv/.synced ## the proof under fault, and its scoreboard: make chaos SEEDS=1..20000 CHAOS_SECONDS=3600
	@$(PY) -m tests.chaos --workers $(WORKERS) --share $(SHARE) $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(CHAOS_SECONDS),--seconds $(CHAOS_SECONDS))

.PHONY: bench
bench: .venv/.synced ## how fast the venue and the core are, as measured here
	@status=0; for script in bench/*.py; do echo "== $$script"; $(PY) "$$script" || status=1; done; exit $$status

.PHONY: build
build: .venv/.synced ## the wheel, installed and tested in a clean environment with the sources out of sight
	$(PY) tools/build_check.py

.PHONY: sync
sync: ## install anew, after adding, renaming or deleting a file (make test does it by itself)
	@rm -f .venv/.synced
	@$(MAKE) --no-print-directory .venv/.synced

.PHONY: clean
clean: ## remove everything that make made
	rm -rf .venv build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(LAYERS) tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment --------------------------------------------------------------------------------------------------

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 was found; install one or name it: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than Python 3.11"; exit 1; }
	@echo "make: creating .venv with $$($(PYTHON) --version)"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "make: $(PYTHON) lacks venv (Debian, Ubuntu: apt install python3-venv)"; exit 1; }

# The editable install links file by file, so a new or removed file needs a new link tree: the listing changes only when
# the set of files does, or the folder has moved. It lies in build/ beside the link tree, to be lost together with it.
.PHONY: FORCE
build/.files: FORCE
	@mkdir -p build
	@{ pwd; find $(LAYERS) -name '*.py' -o -name py.typed -o -name "*.json" | LC_ALL=C sort; } > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

.venv/.synced: pyproject.toml constraints.txt build/.files | .venv/bin/python
	@echo "make: installing into .venv (constraints.txt pins the versions)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt setuptools
	@$(SYNC) -e ".[dev]"
	@touch $@
