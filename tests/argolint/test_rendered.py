"""What kustomize and Helm print, taken back to where it came from."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from argolint.cli import main
from argolint.clikit import guarded

BASE = """\
# a base
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: flow}
spec:
  entrypoint: nope
  templates:
  - {name: main, container: {image: "a:1", command: [x]}}
"""
BUILT = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  annotations:
    config.kubernetes.io/origin: |
      path: ../base/flow.yaml
  name: prod-flow
spec:
  entrypoint: nope
  templates:
  - container:
      command:
      - x
      image: a:1
    name: main
"""
CHART = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: {{ .Release.Name }}-flow}
spec:
  entrypoint: {{ .Values.entrypoint }}
  templates:
  - {name: main, container: {image: "a:1", command: [x]}}
"""
HELM = """\
---
# Source: mychart/templates/flow.yaml
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: rel-flow}
spec:
  entrypoint: nope
  templates:
  - {name: main, container: {image: "a:1", command: [x]}}
---
# Source: mychart/templates/other.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: x}
"""
ARGS = ["--select", "REF102", "--output-format", "json", "--exit-zero", "--no-cache"]


def findings(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int, int]]:
    return [
        (item["file"], item["line"], item["column"])
        for item in json.loads(capsys.readouterr().out)["findings"]
    ]


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_kustomize_by_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "prod").mkdir()
    (tmp_path / "base/flow.yaml").write_text(BASE)
    monkeypatch.chdir(tmp_path / "prod")
    pipe(monkeypatch, BUILT)
    assert main(["check", "-", *ARGS]) == 0
    assert findings(capsys) == [("../base/flow.yaml", 6, 15)]


def test_helm_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mychart/templates").mkdir(parents=True)
    (tmp_path / "mychart/templates/flow.yaml").write_text(CHART)
    (tmp_path / "out.txt").write_text(HELM)
    code = "import sys; sys.stdout.write(open('out.txt').read())"
    (tmp_path / ".argolint.yaml").write_text(f'render:\n- {sys.executable} -c "{code}"\n')
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--render", ".", *ARGS]) == 0
    assert findings(capsys) == [("mychart/templates/flow.yaml", 5, 3)]
    # Without the flag no command of the configuration is run.
    assert main(["check", "--allow-empty", ".", *ARGS]) == 0
    assert findings(capsys) == []


def test_output_without_a_trace_keeps_its_own_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    pipe(monkeypatch, BASE)
    assert main(["check", "-", *ARGS]) == 0
    assert findings(capsys) == [("<stdin>", 6, 15)]


def test_a_command_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".argolint.yaml").write_text("render: [no-such-tool build .]\n")
    assert guarded("argolint", main, ["check", "--render", "."]) == 2
    assert "`no-such-tool build .` cannot be run" in capsys.readouterr().err
