"""`--add-ignore`: a suppression for every finding of a report."""

from __future__ import annotations

import sys

from argolint.addignore import add_ignores
from argolint.api import Report
from argolint.batch import read_bytes
from argolint.diagnostic import Diagnostic
from argolint.fix import write_file
from argolint.runner import INTERNAL_CODE
from argolint.text import decode


def write_ignores(report: Report, reason: str) -> int:
    """Write the suppressions and say where; 1 when a finding has no place for one."""
    by_path: dict[str, list[Diagnostic]] = {}
    for item in report.findings:
        if item.code != INTERNAL_CODE:
            by_path.setdefault(item.path, []).append(item)
    written = 0
    left: list[Diagnostic] = []
    for path, findings in by_path.items():
        data = read_bytes(path)
        text, wrong = decode(data)
        if wrong:
            left += findings
            continue
        changed, without = add_ignores(text, findings, reason)
        left += without
        written += len(findings) - len(without)
        if changed != text:
            write_file(path, changed.encode("utf-8"))
            print(f"{path}: {len(findings) - len(without)} suppressed")
    for item in left:
        print(f"{item.path}: {item.code} cannot be suppressed by a comment in this file", file=sys.stderr)
    print(
        f"{written} finding{'s' if written != 1 else ''} suppressed in {len(by_path)} file{'s' if len(by_path) != 1 else ''}"
    )
    return int(bool(left))
