"""The baseline: findings that were there when the linter came, so that only new ones count.

The file lists fingerprints, which survive moved lines, with a note of what each is for people who read the file.
"""

from __future__ import annotations

import json
import os
from typing import Any

from argolint.api import Report, summarise
from argolint.diagnostic import Diagnostic
from argolint.errors import UserError
from argolint.runner import STALE_CODE, STALE_NAME
from argolint.text import SourceText

VERSION = 1
DEFAULT = ".argolint-baseline.json"


def read(path: str) -> dict[str, dict[str, Any]]:
    """fingerprint -> entry. Raises UserError when the file is missing or is no baseline."""
    try:
        with open(path, encoding="utf-8") as file:
            stored = json.load(file)
        entries = {str(entry["fingerprint"]): dict(entry) for entry in stored["findings"]}
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}", "make it with `argolint baseline write`"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: not a baseline file", "make it anew with `argolint baseline write`"
        ) from error
    if stored.get("version") != VERSION:
        raise UserError(f"{path}: baseline version {stored.get('version')!r} is not known", "make it anew")
    return entries


def write(path: str, report: Report) -> int:
    """Write a baseline of every finding of a report; how many there are. Files are named relative to its folder."""
    entries = [
        {
            "fingerprint": item.fingerprint,
            "code": item.code,
            "file": _beside(path, item.path),
            "message": item.message,
        }
        for item in report.findings
    ]
    save(path, entries)
    return len(entries)


def save(path: str, entries: list[dict[str, Any]]) -> None:
    """Write entries, sorted so that changes read well in a diff."""
    ordered = sorted(
        entries, key=lambda entry: (entry["file"], entry["code"], entry["message"], entry["fingerprint"])
    )
    text = json.dumps({"version": VERSION, "findings": ordered}, indent=2) + "\n"
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}", "check the path") from error


def apply_baseline(report: Report, path: str, *, say_stale: bool = True) -> tuple[Report, int, int]:
    """The report without known findings, how many were known, and how many entries no longer match anything.

    Entries of files that are there and were not linted are not stale. With `say_stale` each stale entry is a finding at its place in the
    baseline file.
    """
    entries = read(path)
    kept = [item for item in report.findings if item.fingerprint not in entries]
    hidden = len(report.findings) - len(kept)
    stale = stale_entries(entries, path, report)
    texts = report.texts
    if stale and say_stale:
        with open(path, encoding="utf-8") as file:
            source = SourceText(file.read())
        texts = {**texts, path: source}
        kept += [_stale_finding(path, source, entry) for entry in stale]
    summary = summarise(kept, report.summary["files"], report.summary["objects"])
    return report._replace(findings=kept, summary=summary, texts=texts), hidden, len(stale)


def _beside(path: str, file: str) -> str:
    """How the baseline at `path` names a file: relative to its folder, so that the current one does not matter."""
    return os.path.relpath(file, os.path.dirname(path) or ".").replace(os.sep, "/")


def stale_entries(entries: dict[str, dict[str, Any]], path: str, report: Report) -> list[dict[str, Any]]:
    """The entries of the baseline at `path` that match nothing any more; files that are gone have no findings."""
    present = {item.fingerprint for item in report.findings}
    candidates = [entry for fingerprint, entry in entries.items() if fingerprint not in present]
    if not candidates:
        return []
    linted = {_beside(path, file) for file in report.files}
    folder = os.path.dirname(path)
    return [
        entry for entry in candidates
        if entry["file"] in linted or not os.path.exists(os.path.join(folder, entry["file"]))
    ]  # fmt: skip


def _stale_finding(path: str, source: SourceText, entry: dict[str, Any]) -> Diagnostic:
    fingerprint = str(entry["fingerprint"])
    start = max(source.text.find(f'"{fingerprint}"'), 0)
    return Diagnostic(
        STALE_CODE, STALE_NAME, "info", f"nothing is found any more for {entry['code']} in {entry['file']}: {entry['message']}",
        path, start, start + len(fingerprint) + 2, "`argolint baseline prune` drops it", fingerprint=f"stale-{fingerprint}",
    )  # fmt: skip
