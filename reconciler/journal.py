"""A write-ahead journal: what is about to be written is on disk before it is written.

One JSON record a line: `begin` with the whole intent, then `start` and `done` for each write, `end` when all are done. A
file without `end` is a run that was cut short; its intent is then known, so that nothing it made is ever forgotten.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from reconciler.model import Key

VERSION = 1


class Intent(NamedTuple):
    """One write: `op` is create, update, suspend or delete; `hash` the digest of the manifest ("" for a deletion)."""

    op: str
    key: Key
    hash: str
    uid: str


class Unfinished(NamedTuple):
    """What a run that was cut short had begun: its intents, and the uid of each that is known to be done."""

    commit: str
    plan: str
    intents: tuple[Intent, ...]
    done: dict[int, str]


class Journal:
    """The journal of one target.

    The intent is on disk when `begin` returns: it names every object that may be written. `start` and `done` only say how
    far it came; they survive a kill of the process, and losing them with the power costs a comparison.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None

    def begin(self, commit: str, plan: str, intents: list[Intent]) -> None:
        """Record the intent. Raises UserError when it cannot be recorded: nothing may be written then."""
        items = [[i.op, *i.key, i.hash, i.uid] for i in intents]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self._path, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise _cannot(self._path, error) from error
        self._write({"begin": VERSION, "commit": commit, "plan": plan, "items": items})
        _sync_folder(self._path.parent)

    def start(self, index: int) -> None:
        """Write number `index` is about to be sent."""
        self._write({"start": index}, sync=False)

    def done(self, index: int, uid: str) -> None:
        """Write number `index` was acknowledged; `uid` is the object's."""
        self._write({"done": index, "uid": uid}, sync=False)

    def end(self) -> None:
        """All is done and the state knows it."""
        self._write({"end": True})
        self.close()
        self._path.unlink(missing_ok=True)
        _sync_folder(self._path.parent)

    def close(self) -> None:
        """Let go of the file, unfinished or not."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def unfinished(self) -> Unfinished | None:
        """What the last run left undone, or None. A torn last line is a write that was not recorded, hence not sent."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _cannot(self._path, error) from error
        records: list[dict[str, Any]] = []
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                break
            if not isinstance(record, dict):
                break
            records.append(record)
        if not records or any("end" in r for r in records):
            return None
        return _read(self._path, records)

    def discard(self) -> None:
        """Forget an unfinished run, once the state has taken it over."""
        self._path.unlink(missing_ok=True)

    def _write(self, record: dict[str, Any], *, sync: bool = True) -> None:
        try:
            self._file.write(json.dumps(record, separators=(",", ":")) + "\n")
            self._file.flush()
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise _cannot(self._path, error) from error


def _read(path: Path, records: list[dict[str, Any]]) -> Unfinished | None:
    """The records as one value; None when the first one is no beginning, hence nothing was written after it."""
    head = records[0]
    try:
        if head["begin"] > VERSION:
            raise UserError(
                f"{path}: written by a newer argosync (journal version {head['begin']})",
                "use that version",
                exit_code=1,
            )
        intents = tuple(
            Intent(op, Key(kind, space, name), mark, uid)
            for op, kind, space, name, mark, uid in head["items"]
        )
        done = {r["done"]: r["uid"] for r in records if "done" in r}
        return Unfinished(head["commit"], head["plan"], intents, done)
    except (KeyError, TypeError, ValueError):
        return None


def _cannot(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path}: {error.strerror}; nothing more is written to the cluster",
        "make room or correct the rights of the state directory",
        exit_code=1,
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
