"""Every Workflow of the corpus runs in virtual time: no exception, and an end or a named wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from executor.engine import new_workflow, phases
from executor.engine.contract import Context
from executor.engine.simulate import START, automatic_for, simulate


def documents(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(folder.rglob("*.y*ml")):
        try:
            found = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
        for document in found:
            if isinstance(document, dict) and isinstance(document.get("metadata"), dict):
                yield path, document


def context_of(found: list[tuple[Path, dict[str, Any]]]) -> Context:
    tables: Mapping[str, dict[Any, Any]] = {
        "WorkflowTemplate": {},
        "ClusterWorkflowTemplate": {},
        "ConfigMap": {},
    }
    for _, document in found:
        kind, name = str(document.get("kind")), document["metadata"].get("name")
        if kind in tables:
            tables[kind][name if kind == "ClusterWorkflowTemplate" else ("argo", name)] = document
    return Context(
        workflow_templates=tables["WorkflowTemplate"],
        cluster_workflow_templates=tables["ClusterWorkflowTemplate"],
        config_maps=tables["ConfigMap"],
        image_commands={"*": (("/bin/entrypoint",), ())},
    )


def test_every_example_ends_or_waits_for_something_named(shared: Path) -> None:
    found = list(documents(shared / "corpus" / "argo-examples"))
    context = context_of(found)
    ends: dict[str, int] = {}
    for path, document in found:
        if document.get("kind") != "Workflow":
            continue
        manifest = {**document, "metadata": {**document["metadata"], "namespace": "argo"}}
        workflow = new_workflow(manifest, name="example", uid="uid", now=START)
        outcome = simulate(workflow, automatic_for(document), context=context, max_passes=400)
        assert outcome.phase in phases.COMPLETED or outcome.waiting or outcome.passes == 400, path
        message = str(outcome.state["status"].get("message") or "")
        assert "internal error" not in message, (path, message)
        ends[outcome.phase] = ends.get(outcome.phase, 0) + 1
    assert ends["Succeeded"] > 0.8 * sum(ends.values()), ends
