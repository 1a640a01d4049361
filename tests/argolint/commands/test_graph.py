"""Drawings: what calls what."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from argolint.cli import main
from argolint.clikit import guarded

LIBRARY = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared}
spec:
  templates:
  - name: job
    container: {image: "a:1", command: [x]}
"""
FLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  onExit: bye
  templates:
  - name: main
    dag:
      tasks:
      - {name: one, templateRef: {name: shared, template: job}}
      - {name: "two<", depends: one, template: gone, when: "x == \\"y\\""}
  - name: bye
    steps:
    - - {name: a, templateRef: {name: shared, template: job}}
    - - {name: b, templateRef: {name: shared, template: job}, withItems: [1, 2]}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "library.yaml").write_text(LIBRARY)
    (tmp_path / "flow.yaml").write_text(FLOW)
    return tmp_path


def test_mermaid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "flow.yaml", "library.yaml"]) == 0
    assert (
        capsys.readouterr().out
        == """\
flowchart TD
  subgraph n0o["Workflow a-*"]
    n0["a-* (Workflow)"]
    subgraph n1["main (dag)"]
      n1_0("one")
      n1_1("two#60;")
    end
    subgraph n2["bye (steps)"]
      n2_0("a")
      n2_1("b ×withItems")
    end
    n5["gone"]
  end
  subgraph n3o["WorkflowTemplate shared"]
    n3["shared (WorkflowTemplate)"]
    n4["job (container)"]
  end
  n0 -.-> n1
  n0 ==>|"onExit"| n2
  n1_0 --> n1_1
  n1_0 -.-> n4
  n1_1 -.->|"x == #34;y#34;"| n5
  n2_0 --> n2_1
  n2_0 -.-> n4
  n2_1 -.-> n4
  classDef missing stroke-dasharray: 4 4
  class n5 missing
"""
    )


def test_dot_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "--format", "dot", "flow.yaml"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("digraph workflows {\n")
    assert 'label="x == \\"y\\""' in out
    assert out.count("{") == out.count("}")


def test_svg_is_well_formed_and_shows_every_step(project: Path) -> None:
    assert main(["graph", "--format", "svg", "--output", "g.svg", "."]) == 0
    root = ET.parse(project / "g.svg").getroot()
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"one", "two<", "a", "b ×withItems", "job (container)", "gone (not in these files)"} <= texts
    paths = [
        element for element in root.iter("{http://www.w3.org/2000/svg}path") if element.get("marker-end")
    ]
    assert len(paths) == 8


def test_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "--from", "bye", "."]) == 0
    out = capsys.readouterr().out
    assert "bye (steps)" in out
    assert "main (dag)" not in out
    assert guarded("argolint", main, ["graph", "--from", "nope", "."]) == 2


def test_a_loop_of_calls_ends(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "loop.yaml").write_text(FLOW.replace("template: gone", "template: main"))
    assert main(["graph", "--format", "svg", "loop.yaml"]) == 0
    assert ET.fromstring(capsys.readouterr().out).tag.endswith("svg")
