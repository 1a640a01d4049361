"""Azure Pipelines logging commands."""

from __future__ import annotations

from argolint.report import View, positions, printable_lines

_TYPES = {"error": "error", "warning": "warning", "info": "warning"}


def render(view: View) -> str:
    """`##vso[task.logissue …]message` for each finding."""
    lines = []
    for item in view.findings:
        line, column, _, _ = positions(item, view.texts)
        where = f"sourcepath={_property(item.path)};linenumber={line};columnnumber={column};code={item.code};"
        lines.append(f"##vso[task.logissue type={_TYPES[item.severity]};{where}]{_data(item.message)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return printable_lines(text).replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
