"""The audit log: one JSON record a line, each carrying the hash of the one before it.

A line that was changed, taken out or put in breaks the chain; the state remembers the last record, so that a tail that was cut
off shows too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from reconciler.model import Obj

FILE = "audit.jsonl"
START = "0" * 64

EVENTS = frozenset(
    (
        "applying", "created", "updated", "adopted", "pruned", "prune-waits", "suspended-before-deletion", "healing",
        "resuming", "rollback-over", "cluster-changed", "refused-revision", "asked", "approved", "held-back", "fight",
    )
)  # fmt: skip
"""The events that are kept: every write, and every decision of a person."""


class Verdict(NamedTuple):
    """The result of a check: `records` that are good, and what is wrong with the first that is not ("" for nothing)."""

    records: int
    problem: str
    torn: bool


class Audit:
    """The audit log of one target; every record is on disk when `append` returns."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.last: tuple[int, str] = (0, START)
        self._opened = False

    def append(self, event: str, fields: Obj, when: str) -> None:
        """Add a record. Raises UserError when it cannot be kept: nothing more is written to the cluster then."""
        try:
            if not self._opened:
                self._open()
            number, previous = self.last
            body = {"number": number + 1, "time": when, "event": event, **fields, "previous": previous}
            mark = _hash(body)
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps({**body, "hash": mark}, ensure_ascii=True, default=str) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UserError(
                f"{self.path}: {error.strerror}; nothing more is written to the cluster",
                "make room or correct the rights of the state directory",
                exit_code=1,
            ) from error
        self.last = (number + 1, mark)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        data = self.path.read_bytes() if self.path.exists() else b""
        whole, _, torn = data.rpartition(b"\n")
        if torn:
            # Cut short by a crash while it was written: it was never acknowledged.
            with open(self.path, "r+b") as file:
                file.truncate(len(whole) + 1 if whole else 0)
        if whole:
            try:
                record = json.loads(whole.rsplit(b"\n", 1)[-1])
                self.last = (int(record["number"]), str(record["hash"]))
            except (ValueError, KeyError, TypeError):
                # The chain goes on from a name for the damage; `verify` tells of it.
                self.last = (0, hashlib.sha256(whole).hexdigest())
        self._opened = True


def verify(path: Path, known: tuple[int, str] | None = None) -> Verdict:
    """Check the chain; `known` is (number, hash) of a record that must be in it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        gone = known is not None and known[0] > 0
        return Verdict(0, "the log is gone" if gone else "", False)
    whole, _, torn = data.rpartition(b"\n")
    previous, marks = START, {0: START}
    for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
        try:
            record = json.loads(line)
            mark = record.pop("hash")
        except (ValueError, KeyError, AttributeError, TypeError):
            return Verdict(number - 1, f"line {number} is no record", bool(torn))
        if record.get("number") != number or record.get("previous") != previous:
            return Verdict(number - 1, f"line {number} does not follow the line before it", bool(torn))
        if _hash(record) != mark:
            return Verdict(number - 1, f"line {number} was changed", bool(torn))
        previous = marks[number] = mark
    if known is not None and marks.get(known[0]) != known[1]:
        return Verdict(len(marks) - 1, f"record {known[0]}, which the state knows, is missing", bool(torn))
    return Verdict(len(marks) - 1, "", bool(torn))


def teeing(log: Callable[..., None], audit: Audit, now: Callable[[], Any]) -> Callable[..., None]:
    """`log`, with the events of `EVENTS` kept in `audit` as well."""

    def both(event: str, **fields: Any) -> None:
        if event in EVENTS:
            kept = {k: v for k, v in fields.items() if v is not None}
            audit.append(event, kept, now().isoformat())
        log(event, **fields)

    return both


def _hash(record: Obj) -> str:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
