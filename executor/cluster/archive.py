"""The workflow archive: every workflow that has ended, kept after it was deleted.

A SQLite file of its own beside the cluster's. A workflow is put in when it ends (again, when it was retried); what ended while the
server was down is put in when it starts. The newest `KEEP` are kept. Upstream: persist/sqldb/workflow_archive.go.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from executor.cluster.selectors import Matcher
from executor.engine import size

DATABASE: Final = "archive.db"
KEEP: Final = 10_000
"""Workflows that are kept; the oldest go first."""
STATUS_LABEL: Final = "workflows.argoproj.io/workflow-archiving-status"
_ENDED: Final = ("Succeeded", "Failed", "Error")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS archived (
    uid TEXT PRIMARY KEY, version INTEGER, namespace TEXT NOT NULL, name TEXT NOT NULL, started TEXT NOT NULL, finished TEXT NOT NULL,
    summary BLOB NOT NULL, workflow BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS by_start ON archived (started DESC);
CREATE INDEX IF NOT EXISTS by_name ON archived (namespace, name);
"""


class Query(NamedTuple):
    """Which workflows are listed."""

    namespace: str = ""
    name: str = ""
    prefix: str = ""
    contains: str = ""
    started_after: str = ""
    started_before: str = ""
    labels: Matcher | None = None


def has_ended(workflow: Mapping[str, Any]) -> bool:
    """Whether nothing more will happen to a workflow by itself."""
    return (workflow.get("status") or {}).get("phase") in _ENDED


def summary_of(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """What a list shows of a workflow."""
    data, status = workflow["metadata"], workflow.get("status") or {}
    metadata = ("name", "namespace", "uid", "creationTimestamp", "labels", "annotations")
    shown = (
        "phase",
        "startedAt",
        "finishedAt",
        "progress",
        "message",
        "estimatedDuration",
        "resourcesDuration",
    )
    spec = workflow.get("spec") or {}
    return {
        "metadata": {key: data[key] for key in metadata if key in data},
        "spec": {key: spec[key] for key in ("arguments", "priority", "suspend") if key in spec},
        "status": {key: status[key] for key in shown if key in status},
    }


class Archive:
    """The archive of one data folder. `open` before anything else."""

    def __init__(self, path: Path, keep: int = KEEP) -> None:
        self._path = path
        self._keep = keep
        self._database: sqlite3.Connection | None = None
        self._writes = 0

    def open(self) -> None:
        """Make or open the file; it is only its owner's."""
        self._path.touch(mode=0o600)
        database = sqlite3.connect(self._path, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
        self._database = database

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    @property
    def _db(self) -> sqlite3.Connection:
        assert self._database is not None, "the archive is not open"
        return self._database

    def put(self, workflow: Mapping[str, Any]) -> None:
        """Keep a workflow that has ended; a newer state of it takes the place of the older."""
        data, status = workflow["metadata"], workflow.get("status") or {}
        whole = dict(size.hydrate(workflow))
        whole["metadata"] = {key: value for key, value in data.items() if key != "managedFields"}
        whole["metadata"]["labels"] = {**(data.get("labels") or {}), STATUS_LABEL: "Persisted"}
        self._db.execute(
            "INSERT INTO archived VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uid) DO UPDATE SET version = excluded.version,"
            " finished = excluded.finished, summary = excluded.summary, workflow = excluded.workflow"
            " WHERE excluded.version > archived.version",
            (
                data["uid"],
                int(data["resourceVersion"]),
                data["namespace"],
                data["name"],
                status.get("startedAt") or data["creationTimestamp"],
                status.get("finishedAt") or "",
                orjson.dumps(summary_of(whole)),
                zlib.compress(orjson.dumps(whole), 1),
            ),
        )
        self._writes += 1
        if self._writes % 100 == 1:
            self._db.execute(
                "DELETE FROM archived WHERE uid IN (SELECT uid FROM archived ORDER BY started DESC LIMIT -1 OFFSET ?)",
                (self._keep,),
            )

    def get(self, uid: str) -> dict[str, Any] | None:
        """A workflow by its uid."""
        return self._one("SELECT workflow FROM archived WHERE uid = ?", uid)

    def named(self, namespace: str, name: str) -> dict[str, Any] | None:
        """The newest workflow of a name."""
        query = "SELECT workflow FROM archived WHERE namespace = ? AND name = ? ORDER BY started DESC LIMIT 1"
        return self._one(query, namespace, name)

    def _one(self, query: str, *values: str) -> dict[str, Any] | None:
        row = self._db.execute(query, values).fetchone()
        if row is None:
            return None
        found: dict[str, Any] = orjson.loads(zlib.decompress(row[0]))
        return found

    def delete(self, uid: str) -> bool:
        """Forget a workflow; whether it was there."""
        return self._db.execute("DELETE FROM archived WHERE uid = ?", (uid,)).rowcount > 0

    def select(self, query: Query, offset: int = 0, limit: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Summaries of workflows, the last started first: `limit` of them (0: all) from `offset` on, and how many there are in all.

        Reads by a connection of its own, so it may, and should, be called in another thread than the server's.
        """
        wanted = {
            "namespace = :namespace": query.namespace,
            "name = :name": query.name,
            "substr(name, 1, length(:prefix)) = :prefix": query.prefix,
            "instr(name, :contains) > 0": query.contains,
            "started > :started_after": query.started_after,
            "started < :started_before": query.started_before,
        }
        where = " AND ".join(["1", *(condition for condition, value in wanted.items() if value)])
        values = {field: getattr(query, field) for field in query._fields if field != "labels"}
        order = f"SELECT summary FROM archived WHERE {where} ORDER BY started DESC, uid"
        with closing(sqlite3.connect(self._path)) as database:
            if query.labels is None:
                (total,) = database.execute(f"SELECT COUNT(*) FROM archived WHERE {where}", values).fetchone()
                rows = database.execute(f"{order} LIMIT {limit or -1} OFFSET {offset}", values)
                return [orjson.loads(row[0]) for row in rows], total
            every = (orjson.loads(row[0]) for row in database.execute(order, values))
            found = [summary for summary in every if query.labels(summary)]
            return found[offset : offset + limit] if limit else found[offset:], len(found)
