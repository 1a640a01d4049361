"""Objects inside strings: found where they stand, and judged with care."""

from __future__ import annotations

from argolint.api import Source, check
from argolint.settings import Settings

OUTER = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: a-}}
spec:
  entrypoint: main
  templates:
  - name: main
    inputs:
      parameters: [{{name: size, value: "1"}}]
    resource:
      action: create
      manifest: {}
"""
INNER = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: inner-{{workflow.name}}-
spec:
  entrypoint: nope
  parallelism: {{inputs.parameters.size}}
  templates:
  - name: job
    container: {image: "a:1", command: [x]}
"""


def found(text: str, select: str = "REF102,SCH101,SCH104") -> list[tuple[str, int, int, str]]:
    settings = Settings()
    settings.select = tuple(select.split(","))
    report = check([Source("a.yaml", text)], settings)
    source = report.texts["a.yaml"]
    return [
        (item.code, *source.line_col(item.start), source.slice(item.start, item.end))
        for item in report.findings
    ]


def test_a_manifest_in_a_block_scalar() -> None:
    block = "|\n" + "".join(f"        {line}\n" for line in INNER.splitlines())
    assert found(OUTER.format(block)) == [("REF102", 18, 23, "nope")]


def test_a_manifest_in_quotes() -> None:
    quoted = '"' + INNER.replace('"', '\\"').replace("\n", "\\n") + '"'
    assert [(code, line, text) for code, line, _, text in found(OUTER.format(quoted))] == [
        ("REF102", 12, "nope")
    ]


def test_a_config_map_that_carries_a_workflow() -> None:
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  flow.yaml: |\n"
        + "".join(f"    {line}\n" for line in INNER.replace("{{inputs.parameters.size}}", "1").splitlines())
        + "  note: apiVersion and kind of argoproj.io\n"
    )
    assert found(text) == [("REF102", 11, 19, "nope")]


def test_other_objects_and_broken_manifests_are_left_alone() -> None:
    other = "|\n        apiVersion: v1\n        kind: Pod\n        spec: {nope: argoproj.io}\n"
    assert found(OUTER.format(other)) == []
    broken = "|\n        apiVersion: argoproj.io/v1alpha1\n        kind: [Workflow\n"
    assert found(OUTER.format(broken)) == []
