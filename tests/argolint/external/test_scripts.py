"""Scripts given to shellcheck and ruff, and what they say mapped back."""

from __future__ import annotations

import pytest

from argolint.api import Source, check
from argolint.external import tools
from argolint.external.scripts import mask, offset_of
from argolint.settings import Settings

HEAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
"""


def found(text: str) -> list[tuple[str, int, int, str, str]]:
    settings = Settings()
    settings.select = ("SCR101", "SCR103")
    report = check([Source("a.yaml", HEAD + text)], settings)
    source = report.texts["a.yaml"]
    return [
        (
            item.code,
            *source.line_col(item.start),
            source.slice(item.start, item.end),
            item.message.partition(":")[0],
        )
        for item in report.findings
    ]


def test_masking_keeps_every_offset() -> None:
    text = "echo {{a.b}} {{=\nx}} end"
    assert mask(text) == "echo xxxxxxx xxx\nxxx end"


def test_offsets() -> None:
    assert offset_of("ab\ncd", 2, 2) == 4
    assert offset_of("\tx", 1, 9, tab=8) == 1
    assert offset_of("a", 9, 9) == 1


def test_shell_in_a_block() -> None:
    text = "    script:\n      image: a:1\n      command: [sh]\n      source: |\n        x={{workflow.name}}\n        cd $x\n"
    assert [(code, line, column, part, sc) for code, line, column, part, sc in found(text)] == [
        ("SCR101", 13, 9, "cd $x", "SC2164")
    ]


def test_shell_behind_c_in_quotes() -> None:
    text = '    container: {image: "a:1", command: [bash, -euo, pipefail, -c], args: ["cd \\"$1\\""]}\n'
    assert found(text) == []  # -e takes care of it
    text = '    container: {image: "a:1", command: [bash, -c], args: ["true; cd \\"$1\\"; rm x"]}\n'
    assert [(line, column, code) for _, line, column, _, code in found(text)] == [(8, 66, "SC2164")]


def test_python() -> None:
    text = (
        "    script:\n      image: a:1\n      command: [/usr/bin/python3]\n      source: |\n"
        "        import os\n        print(nme, {{inputs.parameters.x}})\n"
    )
    assert found(text) == [("SCR103", 12, 16, "os", "F401"), ("SCR103", 13, 15, "nme", "F821")]


def test_silence_without_the_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "tool", lambda name: "")
    tools.shellcheck.cache_clear()
    tools.ruff.cache_clear()
    assert tools.shellcheck("cd $x", "sh") == ()
    assert tools.ruff("print(x)") == ()
    tools.shellcheck.cache_clear()
    tools.ruff.cache_clear()
