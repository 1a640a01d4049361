"""The stable, machine-readable format."""

from __future__ import annotations

import json
from typing import Any

from argolint.diagnostic import Diagnostic
from argolint.report import View, edits_of, json_lines, path_text, positions
from argolint.text import SourceText

VERSION = 1


def render(view: View) -> str:
    """One JSON object: version, summary, findings, each on a line. Lines and columns count from 1."""
    findings = json_lines(finding(item, view) for item in view.findings)
    return f'{{"version": {VERSION}, "summary": {json.dumps(view.summary)}, "findings": {findings}}}\n'


def finding(item: Diagnostic, view: View) -> dict[str, Any]:
    """One finding as plain data."""
    texts = view.texts
    line, column, end_line, end_column = positions(item, texts)
    return {
        "code": item.code,
        "name": item.name,
        "severity": item.severity,
        "message": item.message,
        "help": item.help,
        "file": path_text(item.path),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "object": {"kind": item.object.kind, "namespace": item.object.namespace, "name": item.object.name},
        "path": item.where,
        "related": [_related(label, texts) for label in item.related],
        "fix": _fix(item, view),
        "fingerprint": item.fingerprint,
    }


def _place(source: SourceText | None, start: int, end: int) -> dict[str, int]:
    if source is None:
        return {"line": 1, "column": 1, "end_line": 1, "end_column": 1}
    line, column = source.line_col(start)
    end_line, end_column = source.line_col(max(start, end))
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}


def _related(label: Any, texts: dict[str, SourceText]) -> dict[str, Any]:
    return {
        "file": path_text(label.path),
        **_place(texts.get(label.path), label.start, label.end),
        "message": label.message,
    }


def _fix(item: Diagnostic, view: View) -> dict[str, Any] | None:
    shown = edits_of(item, view)
    if item.fix is None or not shown:
        return None
    source = view.texts.get(item.path)
    edits = [{**_place(source, edit.start, edit.end), "text": edit.text} for edit in shown]
    return {"safety": item.fix.safety, "edits": edits}
