"""What a run keeps of files between its passes."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from argolint import registry, trees
from argolint.api import index_of
from argolint.batch import collect, lint
from argolint.context import File, read
from argolint.diagnostic import Diagnostic
from argolint.runner import Plan, run_hooks
from argolint.settings import Settings
from argolint.trees import Trees
from argolint.yaml.nodes import Map

TEXT = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: &meta {generateName: keep-, labels: {a: "1"}}
spec:
  entrypoint: main
  podMetadata: *meta
  templates:
  - name: main
    steps:
    - - name: one
        inline:
          container: {image: 'busybox:1', args: ["{{workflow.name}}"]}
---
broken: [
"""


def _holder(text: str = TEXT) -> tuple[Trees, list[int]]:
    loads: list[int] = []

    def load(number: int) -> File:
        loads.append(number)
        return read(f"{number}.yaml", text)

    return Trees(load, lambda number: (f"{number}.yaml", text)), loads


def _shape(node: object) -> object:
    if isinstance(node, Map):
        marks = (node.span, node.at, node.styles, node.dups, node.aliases, node.merged, node.flow)
        return [(key, _shape(value)) for key, value in node.items()], marks
    return [_shape(item) for item in node] if isinstance(node, list) else node


def test_a_packed_file_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "KEEP_CHARS", 0)
    kept, loads = _holder()
    first = read("0.yaml", TEXT)
    kept.keep(0, first)
    again = kept.get(0)
    assert loads == []
    assert again is not first
    assert (again.path, again.text, again.keys) == (first.path, first.text, first.keys)
    for one, other in zip(first.documents, again.documents, strict=True):
        assert (one.broken, one.start, one.end, one.problems) == (
            other.broken,
            other.start,
            other.end,
            other.problems,
        )
        assert (one.anchors, one.aliases) == (other.anchors, other.aliases)
        assert _shape(one.root) == _shape(other.root)
    root = again.documents[0].root
    assert root["spec"]["podMetadata"] is root["metadata"]
    assert again.documents[1].broken


def test_what_has_no_room_is_read_again_and_what_was_asked_for_lately_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trees, "KEEP_CHARS", 1)
    monkeypatch.setattr(trees, "PACKED_BYTES", 0)
    monkeypatch.setattr(trees, "RECENT_CHARS", 2 * len(TEXT))
    kept, loads = _holder()
    first = read("0.yaml", TEXT)
    kept.keep(0, first)
    assert kept.get(0) is first
    for number in (1, 2, 3):
        kept.keep(number, read(f"{number}.yaml", TEXT))
    one = kept.get(1)
    assert kept.get(2) is kept.get(2)
    assert kept.get(1) is one
    kept.get(3)
    assert kept.get(1) is one
    kept.get(2)
    assert loads == [1, 2, 3, 2]


def test_a_file_nested_too_deeply_to_pack_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "KEEP_CHARS", 0)

    def refuse(*_: object) -> bytes:
        raise RecursionError

    monkeypatch.setattr("pickle.dumps", refuse)
    kept, loads = _holder()
    kept.keep(0, read("0.yaml", TEXT))
    assert kept.get(0).text == TEXT
    assert loads == [0]


def _lint(folder: Path, workers: int) -> list[Diagnostic]:
    settings = Settings()
    settings.profile = "all"
    settings.root = str(folder)
    return lint(
        collect([str(folder)], settings), Plan(registry.load(), settings), settings, workers=workers
    ).findings


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("keep", "packed"), [(0, 0), (0, 10**9), (3000, 20_000)])
def test_findings_do_not_depend_on_what_is_kept(
    keep: int, packed: int, workers: int, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _lint(repo / "examples", 1)
    assert len(expected) > 50
    monkeypatch.setattr(trees, "KEEP_CHARS", keep)
    monkeypatch.setattr(trees, "PACKED_BYTES", packed)
    monkeypatch.setattr(trees, "RECENT_CHARS", 2000)
    assert _lint(repo / "examples", workers) == expected


def test_a_released_file_leaves_nothing_for_the_collector(repo: Path) -> None:
    settings = Settings()
    settings.profile = "all"
    plan = Plan(registry.load(), settings)
    sources = [(str(path), path.read_text()) for path in sorted((repo / "examples").rglob("*.yaml"))]

    def run() -> None:
        files = [read(path, text) for path, text in sources]
        index = index_of(files)
        for file in files:
            run_hooks(file, "all", plan, settings, index)
        for file in files:
            file.release()

    run()  # fills the memos that hold on to the last object
    gc.collect()
    gc.disable()
    try:
        run()
        assert gc.collect() < 100
    finally:
        gc.enable()
