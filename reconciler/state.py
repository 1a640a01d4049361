"""What a target remembers between runs: inventory, last attempts, history, and the manifests of good revisions."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from reconciler.audit import Audit
from reconciler.journal import Journal
from reconciler.model import Desired, Finding, Key, Obj

VERSION = 1
KEPT_REVISIONS = 20
KEPT_HISTORY = 100


class Record(NamedTuple):
    """An object of the inventory: `desired` and `live` are digests of what was applied and of what the server then held."""

    uid: str
    desired: str
    live: str
    path: str
    line: int


class Stored(NamedTuple):
    """A revision as it was built: enough to heal, to resume and to roll back without Git."""

    commit: str
    ref: str
    config: str
    objects: tuple[Desired, ...]
    findings: tuple[Finding, ...]
    lines: dict[tuple[Key, str], int]
    about: dict[str, str]
    users: tuple[Desired, ...] = ()


class Store:
    """The folder of one target. `data` is the JSON of the state; call `save` after changing it or `inventory`."""

    def __init__(self, root: Path, target: str) -> None:
        self.folder = root / "targets" / target
        self.journal = Journal(self.folder / "journal.jsonl")
        self.audit = Audit(self.folder)
        self.data: Obj = {}
        self.inventory: dict[Key, Record] = {}
        self.notes: list[str] = []
        self._lock: Any = None
        self._load()

    def lock(self) -> None:
        """Keep others out of this folder until the process ends or `unlock`. Raises UserError when one is inside."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = open(self.folder / "lock", "w")  # noqa: SIM115
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise UserError(
                f"{self.folder}: another argosync is using this state directory",
                "stop it, or give this one a state directory of its own",
                exit_code=1,
            ) from error
        except OSError as error:
            raise UserError(f"{self.folder}: {error.strerror}", "name a writable state directory") from error
        self._load()

    def unlock(self) -> None:
        """Let others in."""
        self.journal.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _load(self) -> None:
        path = self.folder / "state.json"
        self.data, self.inventory = {"version": VERSION}, {}
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["version"] > VERSION:
                raise UserError(
                    f"{path}: written by a newer argosync (version {data['version']})", "use that version"
                )
            inventory = {Key(*entry[:3]): Record(*entry[3:]) for entry in data.get("inventory", [])}
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError):
            # The labels in the cluster say what is ours, so a damaged file costs a comparison, not the inventory.
            os.replace(path, path.with_suffix(".damaged"))
            self.notes.append(
                f"{path} was damaged; it was set aside and the inventory is rebuilt from the cluster"
            )
            return
        self.data, self.inventory = data, inventory

    def save(self) -> None:
        """Write the state so that a crash leaves the old or the new one, never a mixture."""
        self.data["inventory"] = [[*key, *record] for key, record in sorted(self.inventory.items())]
        self.data["history"] = self.data.get("history", [])[-KEPT_HISTORY:]
        if self.audit.last[0]:
            self.data["audit"] = list(self.audit.last)
        write_json(self.folder / "state.json", self.data)

    def reset(self) -> None:
        """Forget what was known of another cluster; who suspended the target and why stays."""
        self.inventory = {}
        self.data = {k: v for k, v in self.data.items() if k in ("version", "suspended", "audit", "holds")}

    def put_revision(self, stored: Stored) -> None:
        """Keep the manifests of a revision; the oldest ones go."""
        folder = self.folder / "revisions"
        write_json(
            folder / f"{stored.commit}.json",
            {
                "version": VERSION,
                **stored._asdict(),
                "objects": [[*d.key, d.object, d.path, d.line] for d in stored.objects],
                "findings": [list(f) for f in stored.findings],
                "users": [[*d.key, d.object, d.path, d.line] for d in stored.users],
                "lines": [[*key, where, line] for (key, where), line in stored.lines.items()],
            },
        )
        kept = {(self.data.get(part) or {}).get("commit") for part in ("applied", "pin")} | {stored.commit}
        files = sorted(folder.glob("*.json"), key=lambda f: f.stat().st_mtime, reverse=True)
        for old in files[KEPT_REVISIONS:]:
            if old.stem not in kept:
                old.unlink(missing_ok=True)

    def revision(self, commit: str) -> Stored | None:
        """The manifests of a revision, or None when they are not kept or cannot be read."""
        try:
            data = json.loads((self.folder / "revisions" / f"{commit}.json").read_text(encoding="utf-8"))
            return Stored(
                data["commit"],
                data["ref"],
                data["config"],
                tuple(Desired(Key(k, s, n), obj, path, line) for k, s, n, obj, path, line in data["objects"]),
                tuple(Finding(*f) for f in data["findings"]),
                {(Key(k, s, n), where): line for k, s, n, where, line in data["lines"]},
                data["about"],
                tuple(
                    Desired(Key(k, s, n), obj, path, line)
                    for k, s, n, obj, path, line in data.get("users") or []
                ),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically and durably. Raises UserError."""
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "w", encoding="utf-8") as file:
            # dumps, not dump: only the former uses the encoder in C.
            file.write(json.dumps(value, separators=(",", ":"), default=str))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(
            f"{path}: {error.strerror}", "make room or correct the rights of the state directory", exit_code=1
        ) from error
