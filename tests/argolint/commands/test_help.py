"""Every command says what it does, and the examples of its help run."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from argolint.cli import COMMANDS, main
from argolint.registry import load

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
            ["bash", "-c", script + ask], text=True, capture_output=True, check=True, cwd=tmp_path,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )  # fmt: skip
        return done.stdout.split()

    assert complete("expl") == ["explain"]
    assert complete("check", "--output-for") == ["--output-format"]
    assert complete("check", "--profile", "st") == ["strict"]
    codes = [code for code in load() if code.startswith("LNT10")]
    assert complete("explain", "LNT10") == complete("check", "--ignore", "LNT10") == codes


def test_fish_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from shutil import which

    if which("fish") is None:
        pytest.skip("no fish")
    assert main(["completion", "fish"]) == 0
    (tmp_path / "argolint.fish").write_text(capsys.readouterr().out)

    def complete(line: str) -> list[str]:
        script = f"source argolint.fish; complete -C '{line}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return [found.partition("\t")[0] for found in done.stdout.splitlines()]

    assert complete("argolint expl") == ["explain"]
    assert complete("argolint check --profile st") == ["strict"]
    # Without a command it is `check`.
    assert complete("argolint --fail") == ["--fail-on"]
    assert complete("argolint rbac --fail") == []


def test_zsh_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from shutil import which

    zsh = which("zsh")
    if zsh is None:
        pytest.skip("no zsh")
    assert main(["completion", "zsh"]) == 0
    (tmp_path / "_argolint").write_text(capsys.readouterr().out)

    def complete(line: str) -> str:
        return typed(
            [zsh, "-f", "-i"], f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -D -u", line
        )

    assert "argolint explain" in complete("argolint expl")
    assert "--profile strict" in complete("argolint check --profile st")
    assert "argolint --fail-on" in complete("argolint --fail")


def typed(shell: list[str], first: str, line: str) -> str:
    """What an interactive shell shows when a line is typed and Tab is pressed."""
    import os
    import pty
    import select

    child, terminal = pty.fork()
    if child == 0:
        os.execve(
            shell[0], shell, {"TERM": "dumb", "PATH": os.environ["PATH"], "COLUMNS": "200", "LC_ALL": "C"}
        )

    def until(mark: bytes, seconds: float) -> bytes:
        out = b""
        while mark not in out:
            if not select.select([terminal], [], [], seconds)[0]:
                break
            try:
                out += os.read(terminal, 65536)
            except OSError:
                break
        return out

    os.write(terminal, first.encode() + b"; print RE''ADY\n")
    assert b"READY" in until(b"\nREADY", 20)
    os.write(terminal, line.encode() + b"\t")
    shown = until(b"\0", 2).decode("utf-8", "replace")
    os.close(terminal)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x07", "", shown)
