"""Only what a change is to blame for: findings on changed lines, and findings elsewhere that were not there before."""

from __future__ import annotations

import os
from collections.abc import Sequence

from argolint.api import Report, summarise
from argolint.batch import Input, lint
from argolint.diagnostic import Diagnostic
from argolint.project.cache import Entries
from argolint.project.changes import Changes
from argolint.project.discover import is_manifest
from argolint.runner import INTERNAL_CODE, Plan
from argolint.settings import Settings
from argolint.text import SourceText


def only_changes(
    report: Report,
    inputs: Sequence[Input],
    changes: Changes,
    plan: Plan,
    settings: Settings,
    memory: Entries | None = None,
) -> Report:
    """The report with the findings that the changes put there.

    That is what stands on a changed line, and what the files as they were before did not have, in whichever file: a template
    that was renamed is reported where it is still called by its old name. `memory` holds results that are known already.
    """
    before = lint(_as_they_were(inputs, changes), plan, settings, memory={} if memory is None else memory)
    known = {item.fingerprint for item in before.findings}
    kept = [
        item for item in report.findings
        if item.fingerprint not in known or item.code == INTERNAL_CODE or _on_changed_line(item, report, changes)
    ]  # fmt: skip
    summary = summarise(kept, report.summary["files"], report.summary["objects"])
    return report._replace(findings=kept, summary=summary)


def _as_they_were(inputs: Sequence[Input], changes: Changes) -> list[Input]:
    found: list[Input] = []
    seen: set[str] = set()
    for item in inputs:
        path = os.path.realpath(item.path)
        seen.add(path)
        if path not in changes.before:
            found.append(item)
            continue
        data = changes.before[path]
        if data is not None:
            found.append(item.with_data(data))
    for path, data in changes.before.items():
        if (
            path not in seen
            and data is not None
            and path.endswith((".yaml", ".yml", ".json"))
            and is_manifest(data)
        ):
            # Deleted since: what was defined there was there for the others.
            found.append(Input(os.path.relpath(path), data, False))
    return found


def _on_changed_line(item: Diagnostic, report: Report, changes: Changes) -> bool:
    ranges = changes.lines.get(os.path.realpath(item.path))
    if not ranges:
        return False
    source = report.texts.get(item.path) or SourceText("")
    first, last = source.line_col(item.start)[0], source.line_col(max(item.start, item.end))[0]
    return any(first <= high and low <= last for low, high in ranges)
