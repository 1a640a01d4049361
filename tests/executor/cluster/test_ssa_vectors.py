"""Server-side apply against recorded sequences: the same object, owners and conflicts after every step."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from executor.cluster.ssa import Conflict, apply, from_fields_v1, to_fields_v1, update
from executor.cluster.ssa.fieldset import paths


def steps(shared: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    vectors = shared / "data" / "ssa-vectors.jsonl.gz"
    if not vectors.exists():
        pytest.skip("the recorded server-side apply sequences are not here")
    crd = yaml.safe_load((shared / "data" / "ssa-vectors-crd.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    # The sequences carry labels beside the spec, where the recorder's schema had metadata.labels.
    schema["properties"]["labels"] = {"type": "object", "additionalProperties": {"type": "string"}}
    with gzip.open(vectors, "rt") as lines:
        return schema, [json.loads(line) for line in lines]


def replay(schema: dict[str, Any], recorded: list[dict[str, Any]]) -> list[tuple[Any, Any, Any]]:
    """(step, expected, got) of every step that differs."""
    differing = []
    live: Any = {}
    managers: dict[str, Any] = {}
    sequence = None
    for step in recorded:
        if step["seq"] != sequence:
            sequence, live, managers = step["seq"], {}, {}
        got: dict[str, Any] = {}
        name = step["manager"]
        if step["op"] == "update":
            managers = update(schema, live, step["obj"], managers, name)
            live = step["obj"]
        else:
            try:
                live, managers = apply(schema, live, step["obj"], managers, name, force=step["force"])
            except Conflict as conflict:
                got["conflicts"] = sorted(
                    f"{other} {path}" for other, found in conflict.fields.items() for path in paths(found)
                )
        got |= {"live": live, "managers": {other: to_fields_v1(found) for other, found in managers.items()}}
        expected = dict(step["expect"])
        if "conflicts" in expected:
            expected["conflicts"] = sorted(expected["conflicts"])
        if got != expected:
            differing.append((step, expected, got))
            live = expected["live"]
            managers = {other: from_fields_v1(found) for other, found in expected["managers"].items()}
    return differing


def test_every_recorded_step_agrees(shared: Path) -> None:
    schema, recorded = steps(shared)
    assert replay(schema, recorded) == []
