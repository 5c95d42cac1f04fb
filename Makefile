# Two commands on a fresh machine: `make demo` and `make test`. Needs Python >= 3.11 and a package index.

PYTHON ?= $(firstword $(foreach name,python3.11 python3,$(shell $(name) -c \
	'import sys; sys.version_info >= (3, 11) and print(sys.executable)' 2>/dev/null)))
EXTRAS ?= demo
BIN := .venv/bin
CONSTRAINTS := .venv/constraints.txt
UV := $(shell command -v uv 2>/dev/null)

# Without byte code every import compiles anew: seconds for each command.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
RESULTS ?= docs/figures/faults.jsonl
PIECES ?= 1
# Tests at the same time: most of them wait for servers, so more than there are cores.
LANES ?= 5
# Those of the full tier: with six the long ones took as much longer as the others ended sooner.
FULL_LANES ?= 4
.PHONY: help venv demo test test-full test-long bench score train servers check check-types check-rules suite format lock clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

venv: .venv/.with-$(EXTRAS) ## make .venv and install Duly into it (EXTRAS=demo,postgres adds extras)

demo: .venv/.with-demo ## install and run the demonstration: no accounts, nothing leaves this machine
	@$(BIN)/duly demo

test: .venv/.with-dev servers ## everything: what a clean machine needs, the gates, the suite (with -j2 some side by side)
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory suite

test-full: .venv/.with-dev ## the fault tests in full size (within an hour on 2 cores), and a table of what was lost
	@$(BIN)/pytest -q -n $(FULL_LANES) --dist worksteal tests -m full --timeout=3600 --durations=25

test-long: .venv/.with-dev ## the next piece of the long fault run (half an hour; PIECES=3 does three), and what is left
	@$(BIN)/python -m tests.faults.long $(RESULTS) $(PIECES)

bench: .venv/.with-dev ## the benchmarks, as ratios against the bare libraries in the same run
	@for script in $(wildcard tests/benchmarks/bench_*.py); do echo "--- $$script"; PYTHONPATH=. $(BIN)/python $$script || exit 1; done

score: .venv/.with-dev ## read the corpus of replies and print every figure, by part and language
	@$(BIN)/python -m tests.corpus.show_scores

train: .venv/.with-train ## fit the weights of the reader of replies anew (installs scikit-learn)
	@$(BIN)/python -m tests.corpus.train

servers: ## install the test servers (Dovecot, smtp-sink, Redis) with apt when CI=true or DULY_APT=1
	@.ci/servers

check: check-types check-rules ## the gates: format, lint, types, import contracts, house rules, wheel and sdist

check-types: .venv/.with-dev
	@$(BIN)/mypy --no-error-summary

check-rules: .venv/.with-dev
	@$(BIN)/ruff format --check --output-format concise --quiet . .ci || { echo "run make format"; exit 1; }
	@$(BIN)/ruff check --quiet --output-format concise . .ci
	@# --no-cache: the cache goes by file times and missed a module that became a package
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/pytest -q tests/house

# Tests of the core with so many examples that measuring coverage, four times as slow, costs more than it tells.
MANY_EXAMPLES := tests/core/reminders/test_plan_properties.py tests/core/reminders/test_days_and_zones.py \
	tests/core/replies/test_parse_hostile.py
OTHER_TESTS := $(filter-out tests/house/ tests/core/ tests/__pycache__/,$(wildcard tests/*/))

suite: .venv/.with-dev ## the tests, side by side; the core's own hold its branch coverage to account room by room
	@$(BIN)/pytest -q -n 2 tests/core $(MANY_EXAMPLES:%=--ignore=%) --cov --cov-report=json --cov-report=
	@$(BIN)/python .ci/coverage_by_room.py
	@$(BIN)/pytest -q -n $(LANES) $(OTHER_TESTS) $(MANY_EXAMPLES)

format: .venv/.with-dev ## let ruff format and fix what it can
	@$(BIN)/ruff format . .ci
	@$(BIN)/ruff check --fix . .ci

lock: ## bring uv.lock up to date with pyproject.toml (needs uv; ARGS=--upgrade takes newer versions)
	@uv lock $(ARGS)
	@$(PYTHON) .ci/lock.py strip

clean: ## remove what was built (the data folder of a demo or a service is never touched)
	rm -rf .venv build dist .coverage coverage.json .mypy_cache .ruff_cache .pytest_cache .hypothesis

# pip and uv both take the locked versions as constraints, for Duly and for the tools that build it.
.venv/.with-%: pyproject.toml uv.lock | $(BIN)/python
	@$(BIN)/python .ci/lock.py constraints > $(CONSTRAINTS)
	@echo "installing duly[$*] into .venv"
ifdef UV
	@UV_CONSTRAINT=$(CONSTRAINTS) UV_BUILD_CONSTRAINT=$(CONSTRAINTS) \
		uv pip install --quiet --python $(BIN)/python --editable '.[$*]'
else
	@# a .venv that uv made has no pip
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@PIP_CONSTRAINT=$(abspath $(CONSTRAINTS)) PIP_DISABLE_PIP_VERSION_CHECK=1 \
		$(BIN)/python -m pip install -qq --editable '.[$*]'
endif
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "no Python >= 3.11 found: install it or say make PYTHON=/path/to/python3"; exit 1; }
ifdef UV
	@uv venv --quiet --python "$(PYTHON)" .venv
else
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; exit 1; }
endif
