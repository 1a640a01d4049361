"""Only what a change is to blame for; suppressions written by the tool; watching."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from argolint.addignore import add_ignores
from argolint.api import Source, check
from argolint.cli import main
from argolint.commands.watch import watch
from argolint.errors import UserError
from argolint.settings import Settings

CALLER = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        templateRef: {name: shared, template: job}
    - - name: b
        template: missing
"""
LIBRARY = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared}
spec:
  templates:
  - name: job
    container: {image: "a:1", command: [x]}
"""
ONLY = ["--select", "REF101,REF104,REF105", "--output-format", "json", "--exit-zero"]


def git(folder: Path, *words: str) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ARGOLINT_CACHE_DIR", str(tmp_path / "cache"))
    (folder / "caller.yaml").write_text(CALLER)
    (folder / "library.yaml").write_text(LIBRARY)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "start")
    return folder


def found(capsys: pytest.CaptureFixture[str], *words: str) -> list[tuple[str, str, int]]:
    assert main(["check", *ONLY, *words]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    return [(item["code"], item["file"], item["line"]) for item in findings]


def test_nothing_changed(capsys: pytest.CaptureFixture[str]) -> None:
    assert found(capsys, ".") == [("REF101", "caller.yaml", 12)]
    assert found(capsys, "--diff-base", "HEAD", ".") == []


def test_what_a_change_breaks_in_another_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "library.yaml").write_text(LIBRARY.replace("name: job", "name: task"))
    assert found(capsys, "--diff-base", "HEAD", ".") == [("REF105", "caller.yaml", 10)]


def test_a_deleted_file_and_a_new_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "library.yaml").unlink()
    (project / "new.yaml").write_text(CALLER.replace("shared", "elsewhere"))
    assert found(capsys, "--diff-base", "main", ".") == [
        ("REF104", "caller.yaml", 10), ("REF104", "new.yaml", 10), ("REF101", "new.yaml", 12),
    ]  # fmt: skip


def test_findings_on_a_changed_line_count_even_when_they_were_there(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "caller.yaml").write_text(CALLER.replace("template: missing", "template: missing  # why"))
    assert found(capsys, "--diff-base", "HEAD", ".") == [("REF101", "caller.yaml", 12)]
    (project / "caller.yaml").write_text("# moved\n" + CALLER)
    assert found(capsys, "--diff-base", "HEAD", ".") == []


def test_a_revision_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    from argolint.clikit import guarded

    assert guarded("argolint", main, ["check", "--diff-base", "nope", "."]) == 2
    assert "revision `nope` is not known" in capsys.readouterr().err
    assert guarded("argolint", main, ["check", "--diff-base=--output=/x", "."]) == 2


def test_a_repository_without_commits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    (folder / "caller.yaml").write_text(CALLER)
    monkeypatch.chdir(folder)
    git(folder, "init", "-q", "-b", "main")
    with pytest.raises(UserError) as caught:
        main(["check", "--diff-base", "HEAD", "."])
    assert caught.value.message == "--diff-base: the repository has no commits yet"
    assert found(capsys, ".") == [("REF104", "caller.yaml", 10), ("REF101", "caller.yaml", 12)]


def test_changes_in_a_submodule_count_by_the_line(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    monkeypatch.chdir(outer)
    git(outer, "init", "-q", "-b", "main")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(project), "inner")
    git(outer, "commit", "-q", "-m", "start")
    assert found(capsys, "--diff-base", "HEAD", ".") == []
    inner = outer / "inner"
    (inner / "caller.yaml").write_text(CALLER.replace("template: missing", "template: missed"))
    changed = [("REF101", "inner/caller.yaml", 12)]
    assert found(capsys, "--diff-base", "HEAD", ".") == changed
    git(inner, "commit", "-q", "-a", "-m", "change")
    assert found(capsys, "--diff-base", "HEAD", ".") == changed
    git(outer, "commit", "-q", "-a", "-m", "follow")
    assert found(capsys, "--diff-base", "HEAD", ".") == []
    assert found(capsys, "--diff-base", "HEAD~1", ".") == changed
    git(outer, "submodule", "deinit", "-f", "inner")
    (outer / "new.yaml").write_text(LIBRARY)
    assert found(capsys, "--diff-base", "HEAD~1", ".") == []


def test_a_work_tree_beside_the_repository(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git(project, "worktree", "add", "-q", "../beside", "-b", "side")
    monkeypatch.chdir(project.parent / "beside")
    (project.parent / "beside/caller.yaml").write_text(
        CALLER.replace("template: missing", "template: missed")
    )
    assert found(capsys, "--diff-base", "main", ".") == [("REF101", "caller.yaml", 12)]


def test_add_ignore(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--select", "REF101,LNT", "--add-ignore", "on its way", "."]) == 0
    assert capsys.readouterr().out == "caller.yaml: 1 suppressed\n1 finding suppressed in 1 file\n"
    assert (project / "caller.yaml").read_text() == CALLER.replace(
        "template: missing", "template: missing  # argolint: ignore[REF101] on its way"
    )
    assert main(["check", "--select", "REF101,LNT", "."]) == 0


SCRIPTS = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
    script:
      image: a:1
      command: [sh]
      source: |
        echo "{{inputs.parameters.nope}}"
        echo "{{inputs.parameters.none}}"
"""


def test_add_ignore_inside_a_text_of_several_lines() -> None:
    settings = Settings()
    settings.select = ("REF115", "LNT101")
    report = check([Source("a.yaml", SCRIPTS)], settings)
    assert [item.code for item in report.findings] == ["REF115", "REF115"]
    text, left = add_ignores(SCRIPTS, report.findings, "later")
    assert left == []
    assert text == SCRIPTS.replace(
        "      source: |", "      # argolint: ignore[REF115] later\n      source: |"
    )
    assert check([Source("a.yaml", text)], settings).findings == []


def test_add_ignore_joins_a_directive_that_is_there() -> None:
    settings = Settings()
    settings.select = ("REF101",)
    text = CALLER.replace("template: missing", "template: missing # argolint: ignore[STP101] so")
    report = check([Source("a.yaml", text)], settings)
    done, _ = add_ignores(text, report.findings, "later")
    assert "# argolint: ignore[STP101,REF101] so\n" in done


def test_watch_runs_again_when_a_file_changes_or_comes(project: Path) -> None:
    seen: list[list[str]] = []
    steps = iter([
        lambda: None,
        lambda: (project / "caller.yaml").write_text(CALLER + "# more\n"),
        lambda: None,
        lambda: (project / "third.yaml").write_text(LIBRARY),
        lambda: None,
    ])  # fmt: skip

    def files() -> list[str]:
        return sorted(str(path) for path in project.glob("*.yaml"))

    def once() -> int:
        seen.append([Path(path).name for path in files()])
        return len(seen)

    def sleep(_: float) -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    assert watch(once, files, sleep=sleep, clear=False) == 3
    assert seen == [
        ["caller.yaml", "library.yaml"],
        ["caller.yaml", "library.yaml"],
        ["caller.yaml", "library.yaml", "third.yaml"],
    ]
