"""One line a finding, for grep and editors."""

from __future__ import annotations

from argolint.report import View
from argolint.report.text import heading, summary_line


def render(view: View) -> str:
    """`path:line:column: severity: message [CODE name]`, and the summary."""
    lines = [heading(item, view) for item in view.findings]
    if not view.quiet:
        lines += [*view.notes, summary_line(view)]
    return "".join(f"{line}\n" for line in lines)
