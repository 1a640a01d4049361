# Two commands matter: `make demo` shows the main job, `make test` runs the tests. Both set everything up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint type layers bench conformance corpus faults contract-real clean generate

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMP)  ## make .venv with everything the project and its tests need

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "argolint needs Python 3.11 or later; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed $(VENV)/.installed-demo: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(if $(filter %-demo,$@),demo,dev)]'
	$(BIN)/python -m compileall -q argolint rules executor reconciler
	touch $@

demo: $(VENV)/.installed-demo  ## lint, sync from Git, run: the main job, in under two minutes (KEEP=1 leaves the cluster up)
	$(BIN)/python -m tools.demo $(if $(KEEP),--keep)

test: check  ## checks, then the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: lint type layers  ## ruff, mypy, import-linter

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

bench: setup  ## the speed budgets, each beside a reference of the same run
	$(BIN)/python -m pytest -m bench -n 0 -s tests/bench

conformance: setup  ## run upstream's examples (needs the corpus) and print passed/failed/refused
	$(BIN)/python -m tools.conformance

corpus: setup  ## lint the corpus and print counts per rule
	$(BIN)/python -m tools.corpus

contract-real: setup  ## the API contract against a real kube-apiserver (found, or built from Go modules)
	$(BIN)/python -m tools.contract_real

generate: setup  ## make the data files in schemas/ anew from upstream's published schemas
	$(BIN)/python -m tools.gen_schemas

faults: setup  ## run the fault matrix of argosync and write docs/argosync-faults.md
	$(BIN)/python -m tests.faults.matrix

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .argolint
