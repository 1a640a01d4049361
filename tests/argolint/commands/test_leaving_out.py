"""What is not linted: because it is excluded, or because it cannot be read. Neither is passed over in silence by mistake."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argolint.cli import main
from argolint.errors import UserError

BAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: nope
  templates:
  - {name: main, container: {image: "a:1", command: [x]}}
"""
SILENT = "no problems in 0 files (0 objects)\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARGOLINT_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    for name in ("a.yaml", "vendor/deep/b.yaml", "drafts/c.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(BAD)
    (folder / ".git").mkdir()
    (folder / ".argolint.yaml").write_text("exclude: [vendor]\nselect: [REF102]\n")
    (folder / ".argolintignore").write_text("drafts/*.yaml\n")
    monkeypatch.chdir(folder)
    return folder


def linted(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    main(["check", "--output-format", "concise", "-q", *words])
    return [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]


def test_a_named_file_is_linted_unless_a_hook_names_it(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = ["a.yaml", "vendor/deep/b.yaml", "drafts/c.yaml"]
    assert linted(capsys) == ["a.yaml"]
    assert linted(capsys, *named) == sorted(named)
    assert linted(capsys, "--force-exclude", *named) == ["a.yaml"]
    assert main(["check", "--force-exclude", "--allow-empty", *named[1:]]) == 0
    assert capsys.readouterr().out == SILENT
    monkeypatch.chdir(project / "vendor")
    assert linted(capsys, "--force-exclude", "--allow-empty", "deep/b.yaml") == []


def test_exclude_on_the_command_line_adds_to_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert linted(capsys, "--exclude", "a.*", "--allow-empty") == []
    assert linted(capsys, "--exclude", "a.*", "vendor/deep/b.yaml") == ["vendor/deep/b.yaml"]


def test_a_file_that_cannot_be_read_is_a_finding_and_the_others_are_linted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Reading a process's memory from its start fails for everybody, even for root.
    os.symlink("/proc/self/mem", project / "z.yaml")
    assert main(["check", "--output-format", "concise", "."]) == 1
    assert capsys.readouterr().out == (
        "a.yaml:5:15: error: entrypoint `nope` is not a template of this Workflow [REF102 undefined-entrypoint]\n"
        "z.yaml:1:1: error: cannot be read: Input/output error [LNT107 unreadable-file]\n"
        "2 errors in 2 files (1 object)\n"
    )
    assert linted(capsys, "--ignore", "LNT107") == ["a.yaml"]
    for words in (["check", "z.yaml"], ["graph", "."], ["rbac", "."]):
        with pytest.raises(UserError, match=r"z\.yaml: cannot be read: Input/output error"):
            main(words)


def test_a_folder_that_cannot_be_searched_is_a_finding(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "closed").mkdir()
    search = os.scandir

    def refuse(path: Any) -> Iterator[os.DirEntry[str]]:
        if os.path.basename(path) == "closed":
            raise PermissionError(13, "Permission denied")
        return search(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert main(["check", "--output-format", "concise", "-q", "."]) == 1
    assert (
        "closed:1:1: error: cannot be read: Permission denied [LNT107 unreadable-file]"
        in capsys.readouterr().out
    )
