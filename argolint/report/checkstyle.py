"""Checkstyle XML."""

from __future__ import annotations

from argolint.report import View, positions
from argolint.report.junit import attribute


def render(view: View) -> str:
    """One `checkstyle` element with a `file` for each file that has findings."""
    by_path: dict[str, list[str]] = {}
    for item in view.findings:
        line, column, _, _ = positions(item, view.texts)
        by_path.setdefault(item.path, []).append(
            f'    <error line="{line}" column="{column}" severity="{item.severity}" message="{attribute(item.message)}" '
            f'source="argolint.{item.code}"/>\n'
        )
    files = "".join(
        f'  <file name="{attribute(path)}">\n{"".join(lines)}  </file>\n' for path, lines in by_path.items()
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n<checkstyle version="4.3">\n{files}</checkstyle>\n'
