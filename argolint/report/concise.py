"""One line a finding, for grep and editors."""

from __future__ import annotations

from argolint.report import View, positions, printable
from argolint.report.text import summary_line


def render(view: View) -> str:
    """`path:line:column: severity: message [CODE name]`, and the summary."""
    lines = []
    for item in view.findings:
        line, column, _, _ = positions(item, view.texts)
        lines.append(
            f"{printable(item.path)}:{line}:{column}: {item.severity}: {printable(item.message)} [{item.code} {item.name}]"
        )
    if not view.quiet:
        lines += [*view.notes, summary_line(view)]
    return "".join(f"{line}\n" for line in lines)
