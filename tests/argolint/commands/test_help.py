"""Every command says what it does, and the examples of its help run."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from argolint.cli import COMMANDS, main

GOOD = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: release, namespace: default}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: "a:1", command: [x]}
"""
RULE = '''\
"""ABC101."""

from __future__ import annotations

from argolint.rule import Finding, rule


@rule("ABC101", "nothing", on="object", severity="info")
def check(obj, ctx):
    """Objects of kind Nothing."""
    if obj.kind == "Nothing":
        yield Finding(obj, "a nothing")
'''
PAGE = """\
# Nothing (ABC101)

## Bad

```yaml
apiVersion: example.com/v1  # info: [ABC101]
kind: Nothing
metadata: {name: a}
```

## Good

```yaml
apiVersion: example.com/v1
kind: Something
metadata: {name: a}
```
"""


def examples(text: str) -> list[str]:
    block = re.search(r"examples:\n((?:  .*\n?)+)", text)
    return [line.strip() for line in block.group(1).splitlines()] if block else []


def commands() -> list[tuple[str, str]]:
    found = []
    for name, command in COMMANDS.items():
        module = __import__(command.module, fromlist=["x"])
        found += [(name, line) for line in examples(module.__doc__ or "")]
    return found


def test_every_command_has_an_example() -> None:
    assert {name for name, _ in commands()} >= set(COMMANDS) - {"rbac"}


@pytest.mark.parametrize(("name", "line"), commands())
def test_example(
    name: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ARGOLINT_CACHE_DIR", str(tmp_path / ".cache"))
    (tmp_path / "workflow.yaml").write_text(GOOD)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/release.yaml").write_text(GOOD)
    (tmp_path / "lint-rules").mkdir()
    (tmp_path / "lint-rules/abc101_nothing.py").write_text(RULE)
    (tmp_path / "lint-rules/abc101_nothing.md").write_text(PAGE)
    if name == "baseline" and "write" not in line:
        assert main(["baseline", "write", "."]) == 0
    if name == "lsp":
        return  # it would wait for an editor
    before, _, line = line.rpartition("|") if "|" in line else ("", "", line)
    if before:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    words = shlex.split(line.partition(" > ")[0])
    assert words.pop(0) == "argolint"
    assert main(words) in (0, 1)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    assert f"usage: argolint {name}" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_valid_for_its_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "diff-base" in script
    assert "explain" in script
    from shutil import which

    if which(shell):
        done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_bash_completes_commands_flags_and_values(tmp_path: Path) -> None:
    def complete(*words: str) -> list[str]:
        script = subprocess.run(
            [sys.executable, "-m", "argolint", "completion", "bash"],
            text=True,
            capture_output=True,
            check=True,
        ).stdout
        line: Any = " ".join(shlex.quote(word) for word in ("argolint", *words))
        ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _argolint; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run(
            ["bash", "-c", script + ask], text=True, capture_output=True, check=True, cwd=tmp_path
        )
        return done.stdout.split()

    assert complete("expl") == ["explain"]
    assert complete("check", "--output-for") == ["--output-format"]
    assert complete("check", "--profile", "st") == ["strict"]
