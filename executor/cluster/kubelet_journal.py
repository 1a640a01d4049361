"""What became of each pod, on disk before it is told to the API.

A pod's task result and last status are written here in one step and only then reported. A kubelet that is killed in between
finds the outcome when it comes back and reports it; a pod with an outcome is never run again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Obj = dict[str, Any]


class Journal:
    """Outcomes by pod uid, in `directory` (one file each). `outcome` is `{"taskResult": object or None, "status": status}`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._outcomes: dict[str, Obj] = {}
        for path in directory.glob("*.json"):
            try:
                found = json.loads(path.read_text())
            except (OSError, ValueError):
                continue
            if isinstance(found, dict) and isinstance(found.get("status"), dict):
                self._outcomes[path.stem] = found
        for path in directory.glob(".*.part"):
            path.unlink(missing_ok=True)

    def get(self, uid: str) -> Obj | None:
        """What became of the pod, or None when it has not ended."""
        return self._outcomes.get(uid)

    def put(self, uid: str, task_result: Obj | None, status: Obj) -> None:
        """Record an outcome; it is on disk when this returns."""
        outcome = {"taskResult": task_result, "status": status}
        path = self.directory / f"{_safe(uid)}.json"
        part = self.directory / f".{_safe(uid)}.part"
        with open(part, "w") as file:
            json.dump(outcome, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        self._outcomes[uid] = outcome

    def drop(self, uid: str) -> None:
        """Forget a pod that the API no longer has."""
        if self._outcomes.pop(uid, None) is not None:
            (self.directory / f"{_safe(uid)}.json").unlink(missing_ok=True)

    def uids(self) -> list[str]:
        """The pods with an outcome."""
        return list(self._outcomes)


def _safe(uid: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in uid)[:128]
