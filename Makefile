# Two commands matter: `make demo` shows the main job, `make test` runs the tests. Both set everything up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint type layers bench fuzz conformance transformations corpus artifact-servers run-kills oracle \
	contract-real report-schemas render-tools clients generate faults cluster-faults clean

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

check: lint type layers  ## lint, type, layers

lint: setup  ## ruff: its rules and its format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: setup  ## mypy
	$(BIN)/mypy

layers: setup  ## import-linter: who may import whom
	$(BIN)/lint-imports

bench: setup  ## the speed budgets, each beside a reference of the same run
	$(BIN)/python -m pytest -m bench -n 0 -s tests/bench

fuzz: setup  ## every hostile text of a hundred kilobytes: lint, formats, repairs, each within its budget
	$(BIN)/python -m pytest -m bench -n 0 tests/argolint/test_fuzz.py

conformance: setup  ## run upstream's examples (needs the corpus) and print passed/failed/refused
	$(BIN)/python -m tools.conformance

transformations: setup  ## write and place every example of every rule in 26 other ways: the verdict stays
	ARGOLINT_ALL_TRANSFORMATIONS=1 $(BIN)/python -m pytest -q -n 0 tests/rules/test_transformations.py

corpus: setup  ## lint the corpus and print counts per rule
	$(BIN)/python -m tools.corpus

artifact-servers: setup  ## the artifact drivers against SeaweedFS, Azurite and HDFS (fetched once, some 400 MB)
	$(BIN)/python -m tools.artifact_servers

run-kills: setup  ## kill -9 local runs at 60 random moments and resume them
	ARGORUN_KILLS=60 $(BIN)/python -m pytest -q -n 0 tests/executor/commands_local/test_kills.py

oracle: setup  ## compare the languages with the Go libraries that Argo uses (needs Go)
	$(BIN)/python -m tools.language_oracle $(AREA)
	$(if $(AREA),,$(BIN)/python -m pytest -m bench -n 0 tests/argolint/language/test_oracle.py)

contract-real: setup  ## the API contract against a real kube-apiserver (found, or built from Go modules)
	$(BIN)/python -m tools.contract_real

report-schemas: setup  ## the report formats against the schemas that others publish (fetched once; needs pip and Go)
	ARGOLINT_FETCH=1 $(BIN)/python -m pytest -n 0 -rs tests/argolint/report/test_published.py

render-tools:  ## build kustomize and Helm from their Go modules, for the tests that use the real ones
	@ARGOLINT_BUILD_TOOLS=1 $(BIN)/python -c 'from tests.packaging.renderers import renderer; print(renderer("kustomize"), renderer("helm"))'

clients: setup  ## kubectl old and new, client-go and the Python clients against `argorun up`
	$(BIN)/python -m tools.clients

generate: setup  ## make the data files in schemas/ anew from upstream's published schemas
	$(BIN)/python -m tools.gen_schemas

faults: setup  ## run the fault matrix of argosync and write docs/argosync-faults.md
	$(BIN)/python -m tests.faults.matrix

cluster-faults: setup  ## kill the embedded API fifty times in the middle of ten thousand writes
	CLUSTER_FAULTS=full $(BIN)/python -m pytest -n 0 -v tests/executor/cluster/test_faults.py tests/executor/cluster/test_expiry.py tests/executor/cluster/attacks/test_slow.py

clean:  ## remove what the targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .argolint
