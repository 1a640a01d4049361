"""Every example of every `--help`, run by a shell in a folder that has the files which the examples name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[3]
COMMANDS = (
    "check",
    "explain",
    "rules",
    "config",
    "baseline",
    "rbac",
    "graph",
    "migrate",
    "test",
    "completion",
)
WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: release
  namespace: ci
spec:
  entrypoint: main
  templates:
    - name: main
      container:
        image: alpine:3.20
        command: [echo, hello]
"""


def examples_of(command: str) -> list[str]:
    """The example lines of a command's help, without the words that explain them."""
    text = run([sys.executable, "-m", "argolint", command, "--help"], Path.cwd()).stdout
    block = re.search(r"^[Ee]xamples:\n((?:  argolint .*\n|  \w.* \| argolint .*\n)+)", text, re.MULTILINE)
    assert block is not None, f"the help of {command} has no example"
    return [re.split(r"\s{3,}", line.strip())[0] for line in block.group(1).splitlines()]


def run(words: list[str] | str, cwd: Path) -> subprocess.CompletedProcess[str]:
    here = cwd / "bin"
    env = {
        **os.environ,
        "HOME": str(cwd),
        "PYTHONPATH": str(REPO),
        "COLUMNS": "200",
        "PATH": f"{here}:{os.environ['PATH']}",
    }
    shell = isinstance(words, str)
    return subprocess.run(words, cwd=cwd, shell=shell, env=env, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("workflow.yaml", "build.yaml", "manifests/a.yaml", "workflows/b.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            WORKFLOW.replace("release", Path(name).stem if "manifests" not in name else "release")
        )
    rules = tmp_path / "lint-rules"
    rules.mkdir()
    (rules / "abc101_named.py").write_text(
        '"""ABC101."""\nfrom argolint.rule import Finding, rule\n\n\n@rule("ABC101", "named-main", on="template", severity="info")\n'
        'def check(template, ctx):\n    """Templates have better names than main."""\n    if template.name == "main":\n'
        '        yield Finding(template.span, "a template called main")\n'
    )
    page = "# ABC101\n\nWhat.\n\n## Bad\n\n```yaml\n{}```\n\n## Good\n\n```yaml\n{}```\n"
    (rules / "abc101_named.md").write_text(page.format(WORKFLOW, WORKFLOW.replace("main", "greet")))
    for name in (".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions", "bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bin/argolint").write_text(f'#!/bin/sh\nexec {sys.executable} -m argolint "$@"\n')
    (tmp_path / "bin/argolint").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_run(command: str, folder: Path) -> None:
    listed = examples_of(command)
    for line in listed:
        done = run(line, folder)
        assert "Traceback" not in done.stderr
        assert done.returncode in ((0, 1, 2) if command == "test" else (0, 1)), (
            line,
            done.stdout,
            done.stderr,
        )
        assert done.stdout or done.stderr or ">" in line or "--output" in line, line
