# Every target makes the environment it needs. `make PYTHON=python3.13 test` picks an interpreter (3.11 or later).

export PYTHON ?= python3

VENV := .venv
JUDGE := .venv-judge-pure
READY := $(VENV)/.ready
JUDGE_READY := $(JUDGE)/.ready
JUDGE_NEEDS := tests/judges/pure_flasharray/requirements.txt
WINDOWS := build/windows-python
WINDOWS_READY := $(WINDOWS)/.ready
WINDOWS_NEEDS := tests/orchestrator/hosts/vss/windows_python.txt

RUN := $(VENV)/bin/python
PIP := -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

UNIT := not (journey or judge or tools or many or real or nightly)
# The first part is for every minute of the day: it does not even import what is there.
LATER := $(addprefix tests/,orchestrator/ese orchestrator/verify orchestrator/hosts orchestrator/vss_schedules providers \
	architecture benchmarks journeys judges)

# Windows by itself: it fills a disk with a gigabyte, and the file systems of other tests are timed.
WINE := tests/orchestrator/hosts/vss

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench nightly e2e docs system-packages clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 24

demo: $(READY) ## a proven clone and a refused break-off, on emulated parts
	@$(VENV)/bin/quiesce demo $(ARGS)

test: check system-packages $(JUDGE_READY) $(WINDOWS_READY) ## everything that CI runs
	$(RUN) -m pytest -n 2 --dist loadfile $(addprefix --ignore=,$(LATER)) -m "$(UNIT)"
	$(RUN) -m pytest -n 2 --dist loadfile $(LATER) -m "$(UNIT)"
	$(RUN) -m pytest -n 2 --dist loadfile -m "(journey or judge or tools or many) and not (real or nightly)"
	$(RUN) -m pytest -n 2 --dist loadfile --ignore=$(WINE) -m "real and not nightly"
	$(RUN) -m pytest -m "real and not nightly" $(WINE)

check: $(READY) ## style, types, import contracts, fragments, generated pages
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/mypy
	$(VENV)/bin/towncrier build --draft > /dev/null
	$(RUN) docs/generate.py --check

bench: $(READY) ## measure windows and verification against their floors: a table, and JSON
	@$(RUN) $(PIP) --group bench
	$(RUN) -m tests.benchmarks $(ARGS)

nightly: check system-packages $(JUDGE_READY) ## the long forms of the same suites
	$(RUN) -m pytest -m nightly --timeout 3600
	FUZZ_EXAMPLES=60000 $(RUN) -m pytest -n 2 -m many --timeout 3600

e2e: $(READY) ## a VM frozen through its agent, cloned, read by a standby VM: root on Debian, minutes
	@bash .ci/system-packages e2e
	$(RUN) -m tests.e2e $(ARGS)

docs: $(READY) ## write the generated pages anew
	$(RUN) docs/generate.py

system-packages: ## where root on Debian or Ubuntu, install the programs that tests call
	@bash .ci/system-packages

clean: ## remove the environments and everything built
	rm -rf .venv .venv-judge-* build dist .*_cache .import_linter_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Quiesce needs Python 3.11 or later, and \
	'$(PYTHON)' is not. Name another one: make PYTHON=python3.13 …" >&2; exit 1; }
	@bash .ci/system-packages venv
	$(PYTHON) -m venv $(VENV)
	@$(RUN) $(PIP) --upgrade pip
	@$(RUN) $(PIP) --group build
	@$(RUN) $(PIP) --group test --group check --no-build-isolation --editable .
	@touch $@

$(WINDOWS_READY): $(READY) $(WINDOWS_NEEDS)
	@mkdir -p $(WINDOWS)
	@$(RUN) -m pip --disable-pip-version-check download --quiet --no-deps --no-build-isolation --require-hashes \
	--requirement $(WINDOWS_NEEDS) --dest $(WINDOWS)
	@$(RUN) tests/orchestrator/hosts/vss/unpack_windows_python.py $(WINDOWS)
	@touch $@

$(JUDGE_READY): $(READY) $(JUDGE_NEEDS)
	$(PYTHON) -m venv $(JUDGE)
	@$(JUDGE)/bin/python $(PIP) --requirement $(JUDGE_NEEDS)
	@touch $@
