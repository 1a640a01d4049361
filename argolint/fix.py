"""Making repairs: text edits, each verified by parsing and linting the result in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence

from argolint.api import Report
from argolint.batch import Input, lint
from argolint.diagnostic import Diagnostic, Edit
from argolint.errors import UserError
from argolint.runner import Plan
from argolint.settings import Settings
from argolint.text import decode
from argolint.yaml.edit import apply_edits, overlap, verify

# A repair may lay open another finding that can be repaired as well; this many rounds are enough.
MAX_ROUNDS = 8


def fix_inputs(
    inputs: Sequence[Input], plan: Plan, settings: Settings, *, unsafe: bool, write: bool
) -> tuple[Report, str, int]:
    """Repair what can be repaired: (report of what is left, unified diff, number of repairs).

    `write` writes the files; otherwise nothing on disk changes. A repair is dropped when the text no longer parses as
    before outside of it, when its own finding stays, or when a new error appears in any file.
    """
    original = {item.path: item for item in inputs}
    current = list(inputs)
    report = lint(current, plan, settings, use_cache=False)
    first = report
    total = 0
    rejected: set[str] = set()
    for _ in range(MAX_ROUNDS):
        current, report, made = _round(current, report, plan, settings, unsafe, rejected)
        total += made
        if not made:
            break
    changed = [item for item in current if item.data != original[item.path].data]
    diff = "".join(_diff(original[item.path], item) for item in changed)
    if write:
        for item in changed:
            write_file(item.path, item.data)
    return (report if write else first), diff, total


def _round(
    inputs: list[Input], report: Report, plan: Plan, settings: Settings, unsafe: bool, rejected: set[str]
) -> tuple[list[Input], Report, int]:
    """Repair each file once: all that do not collide together, and one by one when together they do harm."""
    made = 0
    by_path: dict[str, list[Diagnostic]] = {}
    for item in report.findings:
        if item.fix is not None and (unsafe or item.fix.safety == "safe") and item.fingerprint not in rejected:
            by_path.setdefault(item.path, []).append(item)
    for number, source in enumerate(inputs):
        wanted = by_path.get(source.path, []) if source.target else []
        if not wanted:
            continue
        chosen = _compatible(wanted)
        attempt = _attempt(inputs, number, chosen, report, plan, settings)
        if attempt is None and len(chosen) > 1:
            for item in chosen:
                # Offsets hold for one repair at a time: the next round makes the others.
                attempt = _attempt(inputs, number, [item], report, plan, settings)
                if attempt is not None:
                    chosen = [item]
                    break
                rejected.add(item.fingerprint)
        elif attempt is None:
            rejected.add(chosen[0].fingerprint)
        if attempt is not None:
            inputs, report = attempt
            made += len(chosen)
    return inputs, report, made


def _compatible(findings: list[Diagnostic]) -> list[Diagnostic]:
    """The findings, first come first served, whose edits do not touch each other's."""
    taken: list[Edit] = []
    chosen: list[Diagnostic] = []
    for item in findings:
        assert item.fix is not None
        fresh = [edit for edit in item.fix.edits if edit not in taken]
        if fresh and not overlap([*taken, *fresh]):
            taken.extend(fresh)
            chosen.append(item)
    return chosen


def _attempt(
    inputs: list[Input], number: int, findings: list[Diagnostic], report: Report, plan: Plan, settings: Settings
) -> tuple[list[Input], Report] | None:
    """The inputs and the report after these repairs; None when they do not do good."""
    source = inputs[number]
    text = decode(source.data)[0]
    edits: list[Edit] = []
    for item in findings:
        assert item.fix is not None
        edits.extend(edit for edit in item.fix.edits if edit not in edits)
    try:
        repaired = apply_edits(text, edits)
    except ValueError:
        return None
    if repaired == text or not verify(text, repaired, edits):
        return None
    after = list(inputs)
    after[number] = source._replace(data=repaired.encode("utf-8"))
    result = lint(after, plan, settings, use_cache=False)
    before_errors = _counts(report, "error")
    for code, count in _counts(result, "error").items():
        if count > before_errors.get(code, 0):
            return None
    before, now = _counts(report, ""), _counts(result, "")
    for code in {item.code for item in findings}:
        repaired_count = sum(item.code == code for item in findings)
        if now.get(code, 0) > before[code] - repaired_count:
            return None
    return after, result


def _counts(report: Report, severity: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in report.findings:
        if not severity or item.severity == severity:
            counts[item.code] = counts.get(item.code, 0) + 1
    return counts


def _diff(before: Input, after: Input) -> str:
    import difflib

    old, new = decode(before.data)[0], decode(after.data)[0]
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{before.path}", f"b/{before.path}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def write_file(path: str, data: bytes) -> None:
    """Replace a file's content atomically, keeping its mode. Standard input cannot be replaced: it goes to stdout."""
    if path == "<stdin>":
        import sys

        sys.stdout.buffer.write(data)
        return
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode & 0o7777
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".argolint-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.chmod(temporary, mode)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}", "check its permissions") from error
