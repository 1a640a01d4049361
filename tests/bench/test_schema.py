"""How fast objects are held against their schema, beside jsonschema on the same objects."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from argolint.schema import validate

KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")


def _documents(shared: Path) -> list[Any]:
    documents = []
    for path in sorted((shared / "corpus" / "argo-examples").rglob("*.yaml")):
        documents += list(yaml.load_all(path.read_bytes(), yaml.CSafeLoader))
    return [doc for doc in documents if isinstance(doc, dict) and doc.get("kind") in KINDS]


@pytest.mark.bench
def test_walking_the_examples(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = _documents(shared)
    for document in documents:
        validate(document, document["kind"])
    rounds = 10
    start = time.perf_counter()
    for _ in range(rounds):
        for document in documents:
            validate(document, document["kind"])
    ours = (time.perf_counter() - start) * 1e3 / rounds / len(documents)

    definitions = json.loads((shared / "schemas-upstream" / "argo-workflows-v4.1.2.json").read_text())[
        "definitions"
    ]
    validators = {
        kind: jsonschema.Draft7Validator(
            {"$ref": f"#/definitions/io.argoproj.workflow.v1alpha1.{kind}", "definitions": definitions}
        )
        for kind in KINDS
    }
    start = time.perf_counter()
    for document in documents:
        list(validators[document["kind"]].iter_errors(document))
    theirs = (time.perf_counter() - start) * 1e3 / len(documents)
    with capsys.disabled():
        print(
            f"\nschema: {len(documents)} objects, {ours:.3f} ms an object; "
            f"jsonschema {theirs:.3f} ms; {theirs / ours:.0f} times faster"
        )
    assert ours < theirs


_FIRST = """
import time
start = time.perf_counter()
from argolint.schema import validate
loaded = time.perf_counter()
obj = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "a-"}, "spec":
       {"entrypoint": "m", "templates": [{"name": "m", "container": {"image": "a", "command": ["x"]}}]}}
validate(obj, "Workflow")
print((loaded - start) * 1e3, (time.perf_counter() - loaded) * 1e3)
"""


@pytest.mark.bench
def test_the_first_workflow_of_a_process(capsys: pytest.CaptureFixture[str]) -> None:
    times = sorted(
        tuple(map(float, subprocess.check_output([sys.executable, "-c", _FIRST], text=True).split()))
        for _ in range(5)
    )
    imported, first = times[len(times) // 2]
    with capsys.disabled():
        print(
            f"\nschema: import {imported:.1f} ms, loading, compiling and walking the first Workflow {first:.1f} ms"
        )
    assert first > 0
