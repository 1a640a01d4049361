"""Repairs on other people's manifests: nothing breaks, nothing else changes, and a second run has nothing to do."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from argolint.cli import main
from argolint.yaml import parse
from argolint.yaml.nodes import plain

SETS = (
    "argo-examples",
    "argo-events-examples",
    "real-world/konstructio+gitops-template",
    "real-world/linz+topo-workflows",
    "real-world/litmuschaos+chaos-charts",
)
# How many files of each set the default run repairs; with ARGOLINT_FULL_CORPUS=1 all of them.
SAMPLE = 6
FULL = bool(os.environ.get("ARGOLINT_FULL_CORPUS"))
_COMMENT = re.compile(r"(?:^|\s)(#.*)$", re.MULTILINE)
_INDEX = re.compile(r"\[\d+\]")


def run(folder: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> list[dict[str, Any]]:
    """The findings of `argolint check` with all rules."""
    words = [
        "check",
        "--no-cache",
        "--no-context",
        "--profile",
        "all",
        "--exit-zero",
        "--output-format",
        "json",
    ]
    main([*words, *flags, str(folder)])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return found


def texts(folder: Path) -> dict[str, str]:
    """path -> content of every manifest."""
    return {str(path): path.read_text("utf-8") for path in sorted(folder.rglob("*.y*ml"))}


def leaves(node: Any, where: str = "") -> dict[str, Any]:
    """field path -> scalar."""
    if isinstance(node, dict) and node:
        found: dict[str, Any] = {}
        for key, value in node.items():
            found.update(leaves(value, f"{where}.{key}" if where else str(key)))
        return found
    if isinstance(node, list) and node:
        found = {}
        for i, value in enumerate(node):
            found.update(leaves(value, f"{where}[{i}]"))
        return found
    return {where: node}


def changed_fields(old: str, new: str) -> set[str]:
    """The field paths (without indexes) of the first document whose scalars differ."""
    before, after = parse(old).documents, parse(new).documents
    assert len(before) == len(after)
    changed: set[str] = set()
    for one, other in zip(before, after, strict=True):
        first, second = leaves(plain(one.root)), leaves(plain(other.root))
        keys = {
            key for key in first.keys() | second.keys() if first.get(key, _NONE) != second.get(key, _NONE)
        }
        changed |= {_INDEX.sub("", key) for key in keys}
    return changed


_NONE = object()


def errors(findings: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """(file, code) -> how many errors."""
    return Counter((one["file"], one["code"]) for one in findings if one["severity"] == "error")


def copied(
    shared: Path, tmp_path: Path, name: str, most: int | None, capsys: pytest.CaptureFixture[str]
) -> Path:
    """A copy of a set, thinned out to files that have something to repair unless `most` is None."""
    folder = tmp_path / "tree"
    shutil.copytree(shared / "corpus" / name, folder)
    if most is None:
        return folder
    fixable = sorted({one["file"] for one in run(folder, capsys) if one.get("fix")})
    keep = set(fixable[:: max(1, len(fixable) // most)][:most])
    for path in folder.rglob("*.y*ml"):
        if str(path) not in keep:
            path.unlink()
    if not keep:
        pytest.skip("nothing to repair in this set")
    return folder


def check_safe(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What safe repairs promise."""
    old, before = texts(folder), run(folder, capsys)
    fixable = {path: [one for one in before if one["file"] == path and one.get("fix")] for path in old}
    after = run(folder, capsys, "--fix")
    new = texts(folder)
    assert new.keys() == old.keys()
    for path, text in new.items():
        if text == old[path]:
            continue
        broken = [
            problem
            for document in parse(text).documents
            for problem in document.problems
            if problem.kind == "syntax"
        ]
        assert not broken, path
        # Comments stay, but for those on lines that a repair deletes.
        lost = Counter(_COMMENT.findall(old[path])) - Counter(_COMMENT.findall(text))
        assert sum(lost.values()) <= len(fixable[path]), (path, lost)
        around = {_INDEX.sub("", one["path"]).rpartition(".")[0] for one in fixable[path]}
        strange = [
            field
            for field in changed_fields(old[path], text)
            if not any(field.startswith(place) for place in around)
        ]
        assert not strange, (path, strange)
    worse = errors(after) - errors(before)
    assert not worse
    again = run(folder, capsys, "--fix")
    assert texts(folder) == new
    assert errors(again) == errors(after)


def check_unsafe(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What unsafe repairs promise: it still parses, there is no new error, and a second run changes nothing."""
    before = run(folder, capsys)
    after = run(folder, capsys, "--fix", "--unsafe-fixes")
    new = texts(folder)
    for path, text in new.items():
        documents = parse(text).documents
        assert (
            not [p for document in documents for p in document.problems if p.kind == "syntax"]
            or not documents
        ), path
    assert not errors(after) - errors(before)
    run(folder, capsys, "--fix", "--unsafe-fixes")
    assert texts(folder) == new


@pytest.mark.parametrize("name", SETS)
def test_safe_repairs_of_a_sample(
    name: str, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_safe(copied(shared, tmp_path, name, SAMPLE, capsys), capsys)


@pytest.mark.parametrize("name", SETS)
def test_unsafe_repairs_of_a_sample(
    name: str, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_unsafe(copied(shared, tmp_path, name, SAMPLE, capsys), capsys)


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="ARGOLINT_FULL_CORPUS=1 repairs the whole corpus")
@pytest.mark.parametrize("name", SETS)
def test_safe_repairs_of_everything(
    name: str, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_safe(copied(shared, tmp_path, name, None, capsys), capsys)


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="ARGOLINT_FULL_CORPUS=1 repairs the whole corpus")
@pytest.mark.parametrize("name", SETS)
def test_unsafe_repairs_of_everything(
    name: str, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_unsafe(copied(shared, tmp_path, name, None, capsys), capsys)
