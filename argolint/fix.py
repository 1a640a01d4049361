"""Making repairs: text edits, each verified by parsing and linting the result in memory."""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence

from argolint.api import Report
from argolint.batch import Input, lint
from argolint.diagnostic import Diagnostic, Edit
from argolint.errors import UserError
from argolint.project.cache import Entries
from argolint.runner import Plan
from argolint.settings import Settings
from argolint.text import decode
from argolint.yaml.edit import apply_edits, overlap, verify

# A repair may lay open another finding that can be repaired as well; far more rounds than that ever takes.
MAX_ROUNDS = 200
# How many bytes of one file are linted again and again for its sake, and how many times at least. What is left can still be
# repaired by the next run.
ROUND_BYTES = 500_000
LEAST_ROUNDS = 4


class _State:
    """What has been tried: repairs that did harm, and how many repairs of a file to try at once after some did."""

    def __init__(self) -> None:
        self.rejected: set[str] = set()
        self.batch: dict[str, int] = {}
        self.rounds: dict[str, int] = {}
        self.memory: Entries = {}


def fix_inputs(
    inputs: Sequence[Input], plan: Plan, settings: Settings, *, unsafe: bool, write: bool
) -> tuple[Report, str, int]:
    """Repair what can be repaired: (report, unified diff, number of repairs).

    `write` writes the files (and standard input's text to standard output): the report is of what is left, and there is no diff.
    Otherwise nothing on disk changes, and the report is of what is there. A repair is dropped when the text no longer parses as
    before outside of it, when its own finding stays, or when a new error appears in its file.
    """
    state = _State()
    current = list(inputs)
    report = first = lint(current, plan, settings, memory=state.memory)
    total = 0
    for _ in range(MAX_ROUNDS):
        proposed = _propose(current, report, unsafe, state)
        if not proposed:
            break
        current, report, made = _try(current, report, proposed, plan, settings, state)
        total += made
    original = {item.path: item.data for item in inputs}
    changed = [item for item in current if item.data != original[item.path]]
    if not write:
        return first, "".join(_diff(item.path, original[item.path], item.data) for item in changed), total
    for item in current:
        if item.stdin:
            _write_stdout(item.data)
        elif item.data != original[item.path]:
            write_file(item.path, item.data)
    return report, "", total


def _propose(
    inputs: list[Input], report: Report, unsafe: bool, state: _State
) -> dict[int, tuple[bytes, list[Diagnostic]]]:
    """For each file that can be repaired: its new content, and the findings that are repaired by it."""
    by_path: dict[str, list[Diagnostic]] = {}
    for item in report.findings:
        if (
            item.fix is not None
            and (unsafe or item.fix.safety == "safe")
            and item.fingerprint not in state.rejected
        ):
            by_path.setdefault(item.path, []).append(item)
    proposed: dict[int, tuple[bytes, list[Diagnostic]]] = {}
    for number, source in enumerate(inputs):
        wanted = by_path.get(source.path)
        # A file that is not clean UTF-8 was read with losses, and writing it back would make them good.
        if not wanted or not source.target or decode(source.data)[1]:
            continue
        rounds = state.rounds[source.path] = state.rounds.get(source.path, 0) + 1
        if rounds > max(LEAST_ROUNDS, ROUND_BYTES // max(len(source.data), 1)):
            continue
        found = _some(decode(source.data)[0], wanted, source.path, state)
        if found is not None:
            proposed[number] = (found[0].encode("utf-8", "surrogatepass"), found[1])
    return proposed


def _some(
    text: str, wanted: list[Diagnostic], path: str, state: _State
) -> tuple[str, list[Diagnostic]] | None:
    """A text with some of the repairs made that leave alone what is around them, and those; None when none does.

    Halving finds the ones that do not, which are rejected.
    """
    most = state.batch.get(path)
    for _ in range(max(LEAST_ROUNDS, 2 * ROUND_BYTES // max(len(text), 1))):
        chosen = compatible(wanted)[:most]
        if not chosen:
            return None
        repaired = _repaired(text, chosen)
        if repaired is not None:
            return repaired, chosen
        if len(chosen) > 1:
            most = len(chosen) // 2
            continue
        state.rejected.add(chosen[0].fingerprint)
        wanted = [item for item in wanted if item is not chosen[0]]
        most = state.batch.get(path)
    return None


def compatible(findings: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The findings, first come first served, whose edits do not touch each other's; equal edits are made once."""
    taken: list[Edit] = []  # in order
    chosen: list[Diagnostic] = []
    for item in findings:
        assert item.fix is not None
        fresh = [edit for edit in item.fix.edits if not _holds(taken, edit)]
        near: list[Edit] = []
        for edit in fresh:
            at = bisect_left(taken, edit)
            near += taken[max(at - 1, 0) : at + 1]
        if not overlap([*dict.fromkeys(near), *fresh]):
            for edit in fresh:
                insort(taken, edit)
            chosen.append(item)
    return chosen


def _holds(ordered: list[Edit], edit: Edit) -> bool:
    at = bisect_left(ordered, edit)
    return at < len(ordered) and ordered[at] == edit


def edits_of(findings: Sequence[Diagnostic]) -> list[Edit]:
    """The edits of all findings' repairs, equal ones once."""
    return list(dict.fromkeys(edit for item in findings if item.fix is not None for edit in item.fix.edits))


def _repaired(text: str, findings: Sequence[Diagnostic]) -> str | None:
    """The text with the repairs made; None when they collide, change nothing, or break what is around them."""
    edits = edits_of(findings)
    try:
        repaired = apply_edits(text, edits)
    except ValueError:
        return None
    return repaired if repaired != text and verify(text, repaired, edits) else None


def _try(
    inputs: list[Input],
    report: Report,
    proposed: dict[int, tuple[bytes, list[Diagnostic]]],
    plan: Plan,
    settings: Settings,
    state: _State,
) -> tuple[list[Input], Report, int]:
    """Make all proposed repairs, lint, and take back those of the files that are not better for it."""
    attempt = list(inputs)
    for number, (data, _) in proposed.items():
        attempt[number] = inputs[number].with_data(data)
    result = lint(attempt, plan, settings, memory=state.memory)
    before, after = _by_path(report), _by_path(result)
    made = 0
    taken_back = False
    for number, (_, findings) in proposed.items():
        path = inputs[number].path
        if _is_better(before.get(path, []), after.get(path, []), findings):
            made += len(findings)
            if path in state.batch:
                state.batch[path] *= 2
            continue
        attempt[number] = inputs[number]
        taken_back = True
        idle = _idle(before.get(path, []), after.get(path, []), findings)
        state.rejected.update(item.fingerprint for item in idle)
        # Halving finds the one that does harm in few rounds.
        state.batch[path] = max(1, (len(findings) - len(idle)) // 2)
        if len(findings) == 1:
            state.rejected.add(findings[0].fingerprint)
    if taken_back:
        result = lint(attempt, plan, settings, memory=state.memory)
    return attempt, result, made


def _by_path(report: Report) -> dict[str, list[Diagnostic]]:
    found: dict[str, list[Diagnostic]] = {}
    for item in report.findings:
        found.setdefault(item.path, []).append(item)
    return found


def _is_better(before: list[Diagnostic], after: list[Diagnostic], repaired: list[Diagnostic]) -> bool:
    """No code has more errors than before, and each repaired code has as many findings fewer as were repaired."""
    errors = Counter(item.code for item in before if item.severity == "error")
    now_errors = Counter(item.code for item in after if item.severity == "error")
    if any(count > errors[code] for code, count in now_errors.items()):
        return False
    counts, now = Counter(item.code for item in before), Counter(item.code for item in after)
    return all(
        now[code] <= counts[code] - count for code, count in Counter(item.code for item in repaired).items()
    )


def _idle(before: list[Diagnostic], after: list[Diagnostic], repaired: list[Diagnostic]) -> list[Diagnostic]:
    """Of a batch, the repairs of rules most of whose findings stay all the same: looking for the good ones is not worth it."""
    counts, now = Counter(item.code for item in before), Counter(item.code for item in after)
    made = Counter(item.code for item in repaired)
    idle = {code for code, count in made.items() if 2 * (counts[code] - now[code]) < count and count > 2}
    return [item for item in repaired if item.code in idle]


def _diff(path: str, before: bytes, after: bytes) -> str:
    import difflib

    old, new = decode(before)[0], decode(after)[0]
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        new.splitlines(keepends=True),
        f"a/{path.lstrip('/')}",
        f"b/{path.lstrip('/')}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _write_stdout(data: bytes) -> None:
    """What came from standard input goes to standard output, repaired or not."""
    import sys

    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_file(path: str, data: bytes) -> None:
    """Replace a file's content atomically, keeping its mode and following links."""
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
