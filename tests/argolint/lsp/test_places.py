"""Where names are declared and which could be written, with `|` for the cursor."""

from __future__ import annotations

import pytest

from argolint.lsp.places import completions, definition

LIBRARY = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: library}
spec:
  templates:
  - name: job
    container: {image: "a:1", command: [x]}
  - name: other
    container: {image: "a:1", command: [x]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
"""
FLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  serviceAccountName: runner
  arguments:
    parameters:
    - name: version
      value: "1"
  templates:
  - name: main
    inputs:
      parameters:
      - name: colour
    steps:
    - - name: build
        template: build
    - - name: deploy
        templateRef: {name: library, template: job}
        arguments:
          parameters:
          - name: text
            value: "{{steps.build.outputs.parameters.rows}} {{inputs.parameters.colour}}"
      - name: two
        template: graph
        when: "{{workflow.parameters.version}} == 1"
  - name: build
    outputs:
      parameters:
      - name: rows
        valueFrom: {path: /rows}
    script: {image: "a:1", command: [sh], source: "x"}
  - name: graph
    dag:
      tasks:
      - name: first
        template: build
      - name: second
        template: build
        dependencies: [first]
      - name: third
        template: build
        depends: second.Succeeded && first
"""


@pytest.mark.parametrize(
    ("before", "after", "path", "line"),
    [
        ("entrypoint: ma", "in", "flow", "  - name: main"),
        ("serviceAccountName: run", "ner", "library", "metadata: {name: runner}"),
        ("        template: bu", "ild\n    - -", "flow", "  - name: build"),
        ("templateRef: {name: lib", "rary", "library", "metadata: {name: library}"),
        ("template: jo", "b}", "library", "  - name: job"),
        ("{{steps.bu", "ild.out", "flow", "    - - name: build"),
        ("{{inputs.parameters.col", "our", "flow", "      - name: colour"),
        ("{{workflow.parameters.ver", "sion", "flow", "    - name: version"),
        ("dependencies: [fir", "st]", "flow", "      - name: first"),
        ("depends: sec", "ond", "flow", "      - name: second"),
        ("&& fi", "rst", "flow", "      - name: first"),
        ("kind: Work", "flow\nmeta", "", ""),
        ("image: ", '"a:1"', "", ""),
    ],
)
def test_definition(before: str, after: str, path: str, line: str) -> None:
    texts = {"flow": FLOW, "library": LIBRARY}
    at = FLOW.index(before + after) + len(before)
    found = definition("flow", texts, at)
    if not path:
        assert found is None
        return
    assert found is not None
    text = texts[found.path]
    start = text.rfind("\n", 0, found.start) + 1
    assert (found.path, text[start : text.index("\n", start)]) == (path, line)
    assert text[found.start : found.end] == line.rpartition("name: ")[2].rstrip("}")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("entrypoint: main", "entrypoint: |", ["build", "graph", "main"]),
        ("entrypoint: main", "entrypoint: ma|", ["build", "graph", "main"]),
        ("templateRef: {name: library, template: job}", "templateRef:\n          name: |", ["library"]),
        (
            "templateRef: {name: library, template: job}",
            "templateRef:\n          name: library\n          template: |",
            ["job", "other"],
        ),
        ("serviceAccountName: runner", "serviceAccountName: |", ["runner"]),
        ('image: "a:1"', "image: |", []),
    ],
)
def test_completions_of_names(old: str, new: str, expected: list[str]) -> None:
    text = FLOW.replace(old, new, 1)
    at = text.index("|")
    texts = {"flow": text.replace("|", "", 1), "library": LIBRARY}
    assert [item.text for item in completions("flow", texts, at)] == expected


@pytest.mark.parametrize("written", ['"{{|}}"', '"{{inp|"', "{{inp|", '"x {{steps.b|}} {{y}}"'])
def test_completions_of_variables_even_where_the_text_does_not_parse(written: str) -> None:
    text = FLOW.replace('"{{workflow.parameters.version}} == 1"', written)
    at = text.index("|")
    found = completions("flow", {"flow": text.replace("|", "", 1)}, at)
    assert [item.text for item in found if not item.text.startswith("workflow.")] == [
        "inputs.parameters.colour",
        "steps.build.outputs.parameters.rows",
        "steps.build.outputs.result",
        "steps.build.status",
        "steps.deploy.status",
        "steps.two.status",
    ]
    assert "workflow.parameters.version" in [item.text for item in found]
    begun = written.partition("|")[0].rpartition("{{")[2]
    assert {at - item.start for item in found} == {len(begun)}
