"""Outcomes as SARIF 2.1.0: findings, broken contracts, runs that a write would start, and held deletions, at their lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from argolint import __version__
from reconciler.context import Outcome
from reconciler.model import Obj
from reconciler.text import clean

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}

Result = tuple[str, str, str, str, int]
"""(rule, level, message, path, line)"""


def to_sarif(outcomes: list[Outcome]) -> str:
    """One SARIF log with one run; every result has a place in the repository."""
    results = sorted({r for outcome in outcomes for r in _results(outcome)}, key=lambda r: (r[3], r[4], r))
    rules = sorted({rule for rule, *_ in results})
    run = {
        "tool": {"driver": {"name": "argosync", "version": __version__, "rules": [{"id": r} for r in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(r, rules) for r in results],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _results(outcome: Outcome) -> Iterator[Result]:
    for finding in outcome.findings:
        text = f"{finding.message}\n{finding.remedy}" if finding.remedy else finding.message
        yield finding.rule, _LEVELS[finding.severity], text, finding.path, finding.line
    for item in outcome.plan.items if outcome.plan else ():
        for change in item.contract:
            if change.severity == "breaking":
                where = f" template {change.template}" if change.template else ""
                yield (
                    "breaking-change",
                    "warning",
                    f"{item.key}{where}: {change.message}",
                    item.path,
                    item.line,
                )
        if item.prediction and item.prediction.runs_now:
            yield "runs-now", "warning", f"{item.key}: {item.prediction.reason}", item.path, item.line
        if item.op in ("hold", "keep"):
            yield "held", "note", f"{item.key}: {item.reason}", item.path, item.line


def _result(result: Result, rules: list[str]) -> Obj:
    rule, level, message, path, line = result
    out: Obj = {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": level,
        "message": {"text": "\n".join(clean(part) for part in message.split("\n"))},
    }
    if path:
        uri = quote(path.encode("utf-8", "surrogateescape"))
        place: Obj = {"artifactLocation": {"uri": uri}}
        if line > 0:
            place["region"] = {"startLine": line}
        out["locations"] = [{"physicalLocation": place}]
    return out
