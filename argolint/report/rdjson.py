"""Reviewdog's Diagnostic Format."""

from __future__ import annotations

from typing import Any

from argolint.report import View, edits_of, json_lines, path_text
from argolint.text import SourceText

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def render(view: View) -> str:
    """One `DiagnosticResult`. Columns count bytes of UTF-8, as the format wants."""
    diagnostics: list[dict[str, Any]] = []
    for item in view.findings:
        source = view.texts.get(item.path) or SourceText("")
        entry: dict[str, Any] = {
            "message": item.message + (f"\n{item.help}" if item.help else ""),
            "location": {"path": path_text(item.path), "range": _range(source, item.start, item.end)},
            "severity": _SEVERITIES[item.severity],
            "code": {"value": item.code},
        }
        # Several suggestions would be alternatives: only a repair of one edit can be said in this format.
        edits = edits_of(item, view)
        if len(edits) == 1:
            entry["suggestions"] = [
                {"range": _range(source, edit.start, edit.end), "text": edit.text} for edit in edits
            ]
        diagnostics.append(entry)
    return f'{{"source": {{"name": "argolint"}}, "diagnostics": {json_lines(diagnostics)}}}\n'


def _range(source: SourceText, start: int, end: int) -> dict[str, dict[str, int]]:
    return {"start": _position(source, start), "end": _position(source, max(start, end))}


def _position(source: SourceText, offset: int) -> dict[str, int]:
    line, column = source.line_col(offset)
    before = source.line_text(line)[: column - 1]
    return {"line": line, "column": len(before.encode("utf-8", "surrogatepass")) + 1}
