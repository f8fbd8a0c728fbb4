# Everything runs in .venv, which is made on first use and refreshed when the requirements change.
# Another interpreter (3.11 or newer): make test PYTHON=python3.12

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
READY := .venv/.ready
PEERS := .venv-peers
# For daily work: rules, contracts and kernels whole, a slice of every other room.
FAST := tests/test_layers.py tests/test_series.py tests/test_months.py tests/contracts tests/kernels tests/constraints \
	tests/reading tests/distributions tests/likelihood/test_facts.py tests/likelihood/test_enumeration.py \
	tests/likelihood/test_nested_tails.py tests/likelihood/test_open_windows.py \
	tests/evidence/test_contradictions.py tests/evidence/test_random_systems.py tests/predictive tests/evaluation/test_ranked.py \
	tests/inference/test_psis.py tests/models/test_baselines.py tests/models/test_shifting_level.py \
	tests/scenarios/test_windows.py tests/scenarios/test_rates.py tests/batch/test_records.py tests/batch/test_config.py \
	tests/batch/test_packing.py tests/figures/test_evaluation_figures.py

# One thread for each process: pytest brings the parallelism, and results stay the same on every machine.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export PYTHONUTF8 := 1
# Tests start processes: each would compile the library again where compiled files are not kept.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help report test test-fast rules lint bench bench-gate bench-batch accuracy validate notebooks docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" > /dev/null \
		|| { echo "make: no $(PYTHON) here; name a Python 3.11 or newer: make PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: Python 3.11 or newer is needed, $(PYTHON) is older; name another: make PYTHON=..." >&2; exit 1; }
	@echo "== making .venv and installing the library with its pinned requirements (a minute or two)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

report: $(READY) ## write the jump report to report/
	@echo "== weighing the jump against every baseline; the page will be report/index.html"
	@$(BIN)/python -m forecasting jump --output report/

rules: $(READY)
	@echo "== ruff: rules and format"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

lint: rules ## ruff (rules and format) and strict typing
	@echo "== mypy: strict typing of forecasting/"
	@$(BIN)/mypy

test: rules ## lint, tests, docstring examples, notebooks
	@echo "== mypy: strict typing of forecasting/, beside the tests; what it says comes after them"
	@echo "== pytest: tests, docstring examples and notebooks, warnings are errors"
	@mkdir -p build; $(BIN)/mypy > build/types.txt 2>&1 & types=$$!; \
		$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal; tests=$$?; \
		wait $$types; types=$$?; \
		sed 's/^/mypy: /' build/types.txt; \
		test $$tests -eq 0 || echo "make: pytest failed" >&2; \
		test $$types -eq 0 || echo "make: mypy failed" >&2; \
		test $$tests -eq 0 -a $$types -eq 0

test-fast: $(READY) ## layers, contracts, kernels and a slice of each room, under a minute
	@echo "== pytest: the quick part, warnings are errors"
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not slow" $(FAST)

$(PEERS)/.ready: benchmarks/requirements-peers.txt
	@echo "== making $(PEERS) with the samplers we are compared with (a few minutes)"
	@{ test -x $(PEERS)/bin/python || "$(PYTHON)" -m venv $(PEERS); } \
		&& $(PEERS)/bin/python -m pip install -qq --disable-pip-version-check -r $< && touch $@ \
		|| { rm -rf $(PEERS); echo "== they cannot be installed here: measuring without them" >&2; }

bench: $(READY) $(PEERS)/.ready ## measure speed against the stated budgets
	@echo "== benchmarks: CPU seconds and ratios on this machine"
	@$(BIN)/python -m benchmarks.speed

bench-gate: $(READY) ## measure speed without peers, and fail if something got slower than the committed ratios
	@echo "== speed against benchmarks/results/speed.json, each run by its own yardstick; it will be build/speed/"
	@$(BIN)/python -m benchmarks.speed --folder build/speed --only automatic start jump maximum_likelihood sarima ingarch > /dev/null
	@$(BIN)/python -m benchmarks.gate build/speed/speed.json

bench-batch: $(READY) $(PEERS)/.ready ## batches: cost beside the peers, growth to 100,000 series, Dask workers (long)
	@echo "== batches: through the command line, archive written; an interrupted run goes on"
	@$(BIN)/python -m benchmarks.batch

accuracy: $(READY) $(PEERS)/.ready ## forecast the public and the simulated collections, beside the peers (long)
	@echo "== accuracy: the automatic forecaster and its peers, three origins a series; an interrupted run goes on"
	@$(BIN)/python -m benchmarks.accuracy

validate: $(READY) ## calibration, coverage, jumps, recovery, agreement with R (long)
	@echo "== validation: are the stated uncertainties true?  An interrupted run goes on where it stopped"
	@$(BIN)/python -m benchmarks.validate

notebooks: $(READY) ## execute the notebooks in place
	@echo "== executing notebooks/ in place"
	@$(BIN)/python notebooks/execute.py notebooks/*.ipynb

docs: $(READY) ## build the site: pages, reference, gallery
	@echo "== drawing the gallery and building the site, warnings are errors; it will be docs/_build/html/index.html"
	@rm -rf docs/_build docs/generated
	@$(BIN)/python -m sphinx -q -W --keep-going docs docs/_build/html

clean: ## remove .venv, reports and caches
	@echo "== removing .venv, report/, build output and caches"
	@rm -rf .venv $(PEERS) report build dist docs/_build docs/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
