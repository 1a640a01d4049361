"""Objects before and after a change."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from argolint.analysis.revisions import base_objects, deleted, was
from argolint.cli import main
from argolint.model.k8s import Object
from argolint.yaml import parse

CLAIM = (
    b"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {storageClassName: slow}\n"
)


def test_objects_of_a_revision() -> None:
    base = base_objects({"/a.yaml": CLAIM, "/new.yaml": None, "/README.md": b"kind: of"})
    assert [(one["kind"], one[""]) for one in base] == [("PersistentVolumeClaim", "/a.yaml")]
    now = Object(parse(CLAIM.decode().replace("slow", "fast")).documents[0].root)
    before = was(now, base)
    assert before is not None
    assert before["spec"] == {"storageClassName": "slow"}
    assert deleted(base, [("PersistentVolumeClaim", "data")]) == []
    assert deleted(base, [("PersistentVolumeClaim", "other")]) == [
        ("PersistentVolumeClaim", "data", "/a.yaml")
    ]


def test_nothing_is_known_without_a_base() -> None:
    assert was(Object(parse(CLAIM.decode()).documents[0].root), []) is None
    assert deleted(None, []) == []


def test_a_change_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words], cwd=tmp_path, check=True
        )

    (tmp_path / "claim.yaml").write_bytes(CLAIM)
    git("init", "-q", ".")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    (tmp_path / "claim.yaml").write_bytes(CLAIM.replace(b"slow", b"fast"))
    monkeypatch.chdir(tmp_path)
    code = main(
        ["check", "--no-cache", "--diff-base", "HEAD", "--select", "GIT", "--output-format", "json", "."]
    )
    found = json.loads(capsys.readouterr().out)["findings"]
    assert code == 1
    assert [(one["file"], one["line"], one["code"]) for one in found] == [("claim.yaml", 4, "GIT104")]
