"""Manifests of the corpus, changed at random, still end, wait, or are refused: never with an internal error.

`ENGINE_MUTATIONS` says how many (default 200).
"""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from executor.local import smoke
from executor.local.documents import Manifest, Tree

COUNT = int(os.environ.get("ENGINE_MUTATIONS", "200"))
ODD: tuple[Any, ...] = (
    None, "", 0, -1, 1e400, True, [], {}, [None], {"a": None}, "{{", "{{=", "{{item}}", "{{=1/0}}", "{{inputs.parameters.x}}", "{{workflow.name}}",
    "a" * 300, "\x00", "\ud800".encode("utf-8", "replace").decode(), "1h", "[1, 2", '["a", {"b": 1}]', "99999999999999999999", "2 > x", "é",
)  # fmt: skip
KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")


def places(value: Any, parent: Any = None, key: Any = None) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every value inside a document."""
    if parent is not None:
        yield parent, key
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, value, name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, value, index)


def mutated(document: dict[str, Any], chance: random.Random, donors: list[Any]) -> dict[str, Any]:
    made = copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        spots = list(places(made.get("spec"), made, "spec"))
        parent, key = chance.choice(spots[1:] or spots)
        what = chance.choice(("odd", "odd", "delete", "donor", "double"))
        if what == "odd":
            parent[key] = copy.deepcopy(chance.choice(ODD))
        elif what == "donor":
            parent[key] = copy.deepcopy(chance.choice(donors))
        elif isinstance(parent, list) and what == "double":
            parent.append(copy.deepcopy(parent[key]))
        elif isinstance(parent, dict) and what == "double":
            parent[
                chance.choice(
                    ("when", "withParam", "withItems", "depends", "retryStrategy", "onExit", "hooks")
                )
            ] = parent[key]
        else:
            del parent[key]
    return made


@pytest.fixture(scope="module")
def documents(shared_session: Path) -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for path in sorted((shared_session / "corpus").rglob("*.y*ml")):
        try:
            loaded = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
        found += [
            (path, d)
            for d in loaded
            if isinstance(d, dict) and d.get("kind") in KINDS and isinstance(d.get("spec"), dict)
        ]
    return found


@pytest.fixture(scope="module")
def shared_session() -> Path:
    folder = Path(__file__).resolve().parents[3].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the corpus is not here")
    return folder


def test_changed_manifests_never_end_in_an_internal_error(
    documents: list[tuple[Path, dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke, "MAX_PASSES", 100)
    donors = [parent[key] for _, d in documents[::7] for parent, key in places(d["spec"])][::11]
    tree = Tree(tmp_path, [])
    wrong = []
    for seed in range(COUNT):
        chance = random.Random(seed)
        path, document = chance.choice(documents)
        made = mutated(document, chance, donors)
        entry = None
        if made["kind"].endswith("Template") and isinstance(made.get("spec"), dict):
            entry = made["spec"].get("entrypoint")
        result = smoke.run_one(
            Manifest(str(path), made), tree, str(seed), entry if isinstance(entry, str) else None
        )
        if result.verdict == "internal error":
            wrong.append(f"{seed} {path.name}: {result.problem}")
    assert wrong == []
