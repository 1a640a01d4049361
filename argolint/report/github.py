"""GitHub Actions workflow commands, which become annotations on a pull request."""

from __future__ import annotations

from argolint.report import View, positions, printable_lines

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render(view: View) -> str:
    """`::error file=…,line=…::message` for each finding."""
    lines = []
    for item in view.findings:
        line, column, end_line, end_column = positions(item, view.texts)
        where = f"file={property_text(item.path)},line={line},endLine={end_line}"
        if end_line == line:
            where += f",col={column},endColumn={end_column}"
        title = property_text(f"{item.code} {item.name}")
        text = item.message + (f"\n{item.help}" if item.help else "")
        lines.append(f"::{_LEVELS[item.severity]} {where},title={title}::{data_text(text)}\n")
    return "".join(lines)


def data_text(text: str) -> str:
    """Text after the second `::` of a command."""
    return printable_lines(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_text(text: str) -> str:
    """Text of a property of a command."""
    return data_text(text).replace(":", "%3A").replace(",", "%2C")
