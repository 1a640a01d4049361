"""SARIF 2.1.0, for code scanning services."""

from __future__ import annotations

import json
from typing import Any

from argolint._version import __version__
from argolint.diagnostic import Diagnostic
from argolint.report import View, edits_of, json_lines
from argolint.text import SourceText

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(view: View) -> str:
    """One SARIF log with one run."""
    rules = {item.code: item for item in view.findings}
    order = {code: number for number, code in enumerate(sorted(rules))}
    driver = {
        "name": "argolint",
        "version": __version__,
        "rules": [
            {"id": code, "name": rules[code].name, "defaultConfiguration": {"level": _LEVELS[rules[code].severity]},
             "shortDescription": {"text": rules[code].name.replace("-", " ")}}
            for code in sorted(rules)
        ],
    }  # fmt: skip
    results = json_lines(_result(item, view, order) for item in view.findings)
    return (
        f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{"tool": {json.dumps({"driver": driver})},\n'
        f'"columnKind": "unicodeCodePoints", "results": {results}}}]}}\n'
    )


def _result(item: Diagnostic, view: View, order: dict[str, int]) -> dict[str, Any]:
    texts = view.texts
    text = f"{item.message}\n{item.help}" if item.help else item.message
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": order[item.code],
        "level": _LEVELS[item.severity],
        "message": {"text": text},
        "locations": [_location(item.path, item.start, item.end, texts)],
        "partialFingerprints": {"argolint/v1": item.fingerprint},
    }
    if item.where:
        result["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": item.where}]
    if item.related:
        result["relatedLocations"] = [
            {**_location(label.path, label.start, label.end, texts), "message": {"text": label.message}}
            for label in item.related
        ]
    edits = edits_of(item, view)
    if item.fix is not None and edits:
        changes = [
            {
                "deletedRegion": _region(item.path, edit.start, edit.end, texts),
                "insertedContent": {"text": edit.text},
            }
            for edit in edits
        ]
        result["fixes"] = [
            {
                "description": {"text": item.fix.title or f"{item.fix.safety} fix"},
                "artifactChanges": [{"artifactLocation": {"uri": uri(item.path)}, "replacements": changes}],
            }
        ]
    return result


def uri(path: str) -> str:
    """A path as a relative URI reference."""
    from urllib.parse import quote

    return quote(path.replace("\\", "/").encode("utf-8", "surrogateescape"))


def _location(path: str, start: int, end: int, texts: dict[str, SourceText]) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri(path)},
            "region": _region(path, start, end, texts),
        }
    }


def _region(path: str, start: int, end: int, texts: dict[str, SourceText]) -> dict[str, int]:
    source = texts.get(path) or SourceText("")
    line, column = source.line_col(start)
    end_line, end_column = source.line_col(max(start, end))
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
