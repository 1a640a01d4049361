"""What the real kustomize and Helm print, by pipe and by command, shown at the files that it came from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.renderers import renderer

BASE = """\
# the base
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: flow
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - name: build
            template: build
          - name: deploy
            template: deploi
    - name: build
      container: {image: "alpine:3.20", command: [echo]}
    - name: deploy
      container:
        image: "alpine:3.20"
        command: [echo, "{{inputs.parameters.nope}}"]
"""
PATCH = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: flow
spec:
  activeDeadlineSeconds: "soon"
"""
OVERLAY = """\
resources: [../../base]
namePrefix: prod-
buildMetadata: [originAnnotations]
patches:
  - path: patch.yaml
"""
CHART = """\
{{- if .Values.entry }}
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: {{ .Release.Name }}-flow
spec:
  entrypoint: {{ .Values.entry }}
  templates:
    - name: main
      steps:
      {{- range .Values.steps }}
        - - name: {{ . }}
            template: job
            arguments:
              parameters: [{name: x, value: "{{`{{item}}`}}"}]
      {{- end }}
    - name: job
      inputs: {parameters: [{name: x}]}
      container:
        image: {{ .Values.image }}
        command: [echo, "{{"{{"}}inputs.parameters.x{{"}}"}}"]
        env:
          - {name: TOKEN, value: "{{"{{"}}inputs.parameters.y{{"}}"}}"}
{{- end }}
"""
CHILD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: x-}
spec:
  entrypoint: {{ .Values.entry | default "none" }}
  templates:
  - {name: main, container: {image: "a:1", command: [x]}}
"""
ONLY = "REF101,REF102,REF115,REF122,SCH104,YML206"


def lint(folder: Path, *words: str, stdin: str = "") -> list[tuple[str, str, int, int]]:
    argv = [
        sys.executable,
        "-m",
        "argolint",
        "check",
        *words,
        "--select",
        ONLY,
        "--output-format",
        "json",
        "--exit-zero",
    ]
    done = subprocess.run(
        [*argv, "--no-cache"], cwd=folder, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [
        (item["code"], item["file"], item["line"], item["column"])
        for item in json.loads(done.stdout)["findings"]
    ]


def printed(folder: Path, *argv: str) -> str:
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    for name, text in (
        ("base/flow.yaml", BASE), ("base/kustomization.yaml", "resources: [flow.yaml]\n"),
        ("overlays/prod/patch.yaml", PATCH), ("overlays/prod/kustomization.yaml", OVERLAY),
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


AT_THE_SOURCE = [
    ("SCH104", "base/flow.yaml", 6, 1),  # set by the patch: the key around it
    ("REF101", "base/flow.yaml", 14, 23),
    ("REF115", "base/flow.yaml", 20, 46),
]


def test_kustomize_by_pipe(overlay: Path) -> None:
    built = printed(overlay, renderer("kustomize"), "build", "overlays/prod")
    assert lint(overlay, "-", stdin=built) == AT_THE_SOURCE
    inside = [(code, f"../../{file}", line, column) for code, file, line, column in AT_THE_SOURCE]
    assert lint(overlay / "overlays/prod", "-", stdin=built) == inside


def test_kustomize_by_command(overlay: Path) -> None:
    (overlay / ".argolint.yaml").write_text(f"render: [{renderer('kustomize')} build overlays/prod]\n")
    # What the base says itself is said once; the patch has the value that is wrong.
    assert lint(overlay, "--render", ".") == [*AT_THE_SOURCE, ("SCH104", "overlays/prod/patch.yaml", 6, 26)]


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    for name, text in (
        ("Chart.yaml", "apiVersion: v2\nname: flows\nversion: 0.1.0\n"),
        ("values.yaml", "image: alpine:3.20\nentry: mian\nsteps: [a, b]\n"),
        ("templates/flow.yaml", CHART),
        ("charts/child/Chart.yaml", "apiVersion: v2\nname: child\nversion: 0.1.0\n"),
        ("charts/child/templates/x.yaml", CHILD),
    ):
        (tmp_path / "flows" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "flows" / name).write_text(text)
    return tmp_path


RENDERED = [
    ("REF102", "flows/charts/child/templates/x.yaml", 5, 3),
    ("REF102", "flows/templates/flow.yaml", 7, 3),
    ("REF122", "flows/templates/flow.yaml", 15, 15),  # once, though the loop prints it twice
    ("REF115", "flows/templates/flow.yaml", 23, 11),
]


def test_helm_by_pipe(chart: Path) -> None:
    assert lint(chart, "-", stdin=printed(chart, renderer("helm"), "template", "rel", "flows")) == RENDERED


def test_helm_by_command(chart: Path) -> None:
    (chart / ".argolint.yaml").write_text(f"render: [{renderer('helm')} template rel flows]\n")
    templates = [
        ("YML206", "flows/charts/child/templates/x.yaml", 1, 1), ("YML206", "flows/templates/flow.yaml", 1, 1),
    ]  # fmt: skip
    assert lint(chart, "--render", ".") == sorted(
        [*RENDERED, *templates], key=lambda item: (item[1], item[2])
    )
    # The templates themselves are named, not accused.
    assert lint(chart, "--allow-empty", ".") == templates
