"""A file may be named in many ways; positions, remembered results, fingerprints and the baseline do not depend on which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from argolint.cli import main

# The misspelt field is found by a rule that sees one file only, the unknown template by one that sees all; a syntax error has no object.
BAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - {name: main, container: {image: "a:1", comand: [x]}}
  - {name: other, steps: [[{name: s, template: gone}]]}
"""
RULES = ["--select", "SCH101,REF101,YML101"]
BROKEN = "apiVersion: argoproj.io/v1alpha1\nkind: [\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARGOLINT_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "sub" / "a.yaml").write_text(BAD)
    (folder / "broken.yaml").write_text(BROKEN)
    monkeypatch.chdir(folder)
    return folder


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    main(["check", "--output-format", "concise", "-q", *words])
    return capsys.readouterr().out.splitlines()


def test_remembered_results_are_shown_under_the_name_that_is_given_now(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lines(capsys, "sub/a.yaml")
    assert [line.partition(" ")[0] for line in first if "SCH101" in line or "REF101" in line] == [
        "sub/a.yaml:7:44:",
        "sub/a.yaml:8:48:",
    ]
    absolute = str(project / "sub" / "a.yaml")
    assert lines(capsys, absolute) == [line.replace("sub/a.yaml", absolute) for line in first]
    monkeypatch.chdir(project / "sub")
    assert lines(capsys, "a.yaml") == [line.replace("sub/a.yaml", "a.yaml") for line in first]
    assert lines(capsys, "../sub/a.yaml") == [line.replace("sub/a.yaml", "../sub/a.yaml") for line in first]


def test_a_file_that_is_named_twice_is_linted_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    once = lines(capsys, "sub/a.yaml")
    assert lines(capsys, "sub/a.yaml", "./sub/a.yaml", str(project / "sub" / "a.yaml"), "sub") == once


def test_the_baseline_holds_from_every_folder(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["baseline", "write"]) == 0
    stored = json.loads((project / ".argolint-baseline.json").read_text())["findings"]
    assert sorted({entry["file"] for entry in stored}) == ["broken.yaml", "sub/a.yaml"]
    (project / ".argolint.yaml").write_text("baseline: .argolint-baseline.json\n")
    capsys.readouterr()
    assert lines(capsys) == []
    assert lines(capsys, str(project)) == []
    monkeypatch.chdir(project / "sub")
    assert lines(capsys) == []
    assert lines(capsys, "../broken.yaml") == []


def test_the_baseline_of_a_file_that_is_gone_is_stale(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["baseline", "write", *RULES])
    (project / "broken.yaml").unlink()
    capsys.readouterr()
    assert main(["baseline", "check", *RULES]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("broken.yaml: YML101: ")
    assert out[-1] == "1 of 3 entries are stale"
    assert main(["baseline", "prune", *RULES]) == 0
    assert main(["baseline", "check", *RULES]) == 0
