"""Small workflows in YAML, run in virtual time, and their nodes as a table to compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from executor.engine import new_workflow
from executor.engine.contract import Context
from executor.engine.simulate import START, Answer, Outcome, automatic, scripted, simulate

LEAF = "{name: work, container: {image: alpine, command: [work]}}"


def make(text: str, name: str = "wf", **metadata: Any) -> dict[str, Any]:
    """A Workflow called wf from the YAML of its spec."""
    manifest = {"metadata": {"namespace": "argo", **metadata}, "spec": yaml.safe_load(text)}
    return new_workflow(manifest, name=name, uid=f"uid-{name}", now=START)


def rows(outcome: Outcome) -> list[str]:
    """The node table: display name, type, phase and message (where there is one), in order of creation."""
    found = []
    for node in outcome.state["status"].get("nodes", {}).values():
        line = f"{node['displayName']} {node['type']} {node['phase']}"
        found.append(f"{line}: {node['message']}" if node.get("message") else line)
    return found


Runner = Callable[..., Outcome]


@pytest.fixture
def run() -> Runner:
    """run(spec_yaml, {name: Answer or [Answer per attempt]}, **simulate's keywords) -> Outcome."""

    def runner(
        text: str, table: Mapping[str, Any] | None = None, context: Context | None = None, **keywords: Any
    ) -> Outcome:
        return simulate(make(text), scripted(table or {}, automatic), context=context, **keywords)

    return runner


@pytest.fixture
def workflow() -> Callable[..., dict[str, Any]]:
    """`make`."""
    return make


@pytest.fixture
def table() -> Callable[[Outcome], list[str]]:
    """`rows`."""
    return rows


@pytest.fixture
def fails() -> Answer:
    """A main container that exits with 1."""
    return Answer(exit_code=1)
