"""The truth of the embedded cluster: objects in memory, every change appended to SQLite before it is answered.

One event loop owns the index. A write takes the next resource version (one counter for everything), changes the index at
once so that the next write sees it, and goes to a single writer thread that commits whatever has gathered (group commit).
Nobody learns of a write before it is committed: answers, reads of it and watch events wait for `settled`.

The log is append-only: `(rv, resource, namespace, name, verb, value)`. The newest `window` events stay available to
watches, also after a restart (fewer when they are large); older rows go as soon as a later row has taken their place.
Of a state that a later one has replaced only the JSON is kept: parsed, it takes several times as much memory.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import logging
import queue
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from argolint.errors import UserError
from executor.cluster.database import connect, prepare
from executor.cluster.status import ApiStatus, bad_request

log = logging.getLogger("argorun.store")

DEFAULT_WINDOW: Final = 10_000
MAX_HISTORY_BYTES: Final = 32 * 1024 * 1024
"""JSON bytes of replaced and deleted states that are kept for watches, however few: those of a large Workflow add up."""

MAX_OBJECT: Final = 1536 * 1024
"""JSON bytes of one object: etcd's limit on a request, which upstream's clients know."""
MAX_BYTES: Final = 2 * 1024 * 1024 * 1024
"""JSON bytes of all objects together: etcd's quota."""

ADDED: Final = "ADDED"
MODIFIED: Final = "MODIFIED"
DELETED: Final = "DELETED"
_VERBS: Final = (ADDED, MODIFIED, DELETED)

Key = tuple[str, str]
"""Namespace ("" for cluster-scoped) and name."""

Seal = Callable[[bytes], bytes]


class Entry:
    """An object as stored: parsed, as JSON bytes, and its resource version. Never changed in place."""

    __slots__ = ("_obj", "api_version", "raw", "rv")

    def __init__(self, obj: Mapping[str, Any], raw: bytes, rv: int) -> None:
        self._obj: Mapping[str, Any] | None = obj
        self.api_version = sys.intern(str(obj.get("apiVersion", "")))
        self.raw = raw
        self.rv = rv

    @property
    def obj(self) -> Mapping[str, Any]:
        """The object, parsed anew each time when it is only history."""
        known = self._obj
        if known is None:
            fresh: dict[str, Any] = orjson.loads(self.raw)
            return fresh
        return known

    def fold(self) -> None:
        """Keep the JSON alone from now on."""
        self._obj = None

    def copy(self) -> dict[str, Any]:
        """A deep copy that the caller may change."""
        fresh: dict[str, Any] = orjson.loads(self.raw)
        return fresh


class Event:
    """One change. `entry` is the object after it (for DELETED: its last state, at this resource version)."""

    __slots__ = ("entry", "frames", "key", "previous", "resource", "rv", "type")

    def __init__(
        self, rv: int, type: str, resource: str, key: Key, entry: Entry, previous: Entry | None
    ) -> None:
        self.rv = rv
        self.type = type
        self.resource = resource
        self.key = key
        self.entry = entry
        self.previous = previous
        self.frames: dict[Any, bytes] = {}  # encodings that several watches share while they are told of it

    @property
    def held(self) -> int:
        """JSON bytes that are in memory for the sake of this event alone: states that are not the object's any more."""
        last = len(self.entry.raw) if self.type == DELETED else 0
        return last + (len(self.previous.raw) if self.previous is not None else 0)

    def fold(self) -> None:
        """Everybody has been told: keep the JSON alone of the states that are not the object's any more."""
        self.frames.clear()
        if self.previous is not None:
            self.previous.fold()
        if self.type == DELETED:
            self.entry.fold()


class _Record(NamedTuple):
    event: Event
    blob: bytes


class _Compaction(NamedTuple):
    upto: int
    dead: list[int]


class _Lost(NamedTuple):
    """The versions of the writes that were taken back last, and why."""

    first: int
    last: int
    why: str


class _Resume:
    """Tells the writer that what it could not write has been taken back."""


_RESUME: Final = _Resume()
_Job = _Record | _Compaction | _Resume


class _Table:
    """The objects of one resource, with their keys sorted for lists."""

    __slots__ = ("entries", "keys")

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.keys: list[Key] = []

    def set(self, key: Key, entry: Entry) -> None:
        if key not in self.entries:
            bisect.insort(self.keys, key)
        self.entries[key] = entry

    def remove(self, key: Key) -> None:
        if self.entries.pop(key, None) is not None:
            del self.keys[bisect.bisect_left(self.keys, key)]

    def slice(self, namespace: str | None, after: Key | None) -> list[Key]:
        start = 0 if namespace is None else bisect.bisect_left(self.keys, (namespace, ""))
        if after is not None:
            start = max(start, bisect.bisect_right(self.keys, after))
        end = len(self.keys) if namespace is None else bisect.bisect_left(self.keys, (namespace + "\0", ""))
        return self.keys[start:end]


Listener = Callable[[Event], None]


class Store:
    """All objects of a cluster. Construct, `open()` in a running loop, `await close()`."""

    def __init__(
        self,
        path: Path,
        *,
        synchronous: str = "normal",
        window: int = DEFAULT_WINDOW,
        history_bytes: int = MAX_HISTORY_BYTES,
        seals: Mapping[str, tuple[Seal, Seal]] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """`path` is the database file; `synchronous` is SQLite's (`normal` survives the death of the process, `full` also
        a power cut); `window` events are kept for watches, with at most `history_bytes` of replaced states; `seals` maps a resource to (encrypt, decrypt) for its values on disk."""
        self.path = path
        self.synchronous = synchronous
        self.window = window
        self.history_bytes = history_bytes
        self.max_bytes = max_bytes
        self.live_bytes = 0
        self.seals = dict(seals or {})
        self.rv = 0
        self.committed = 0
        self.compacted = 0
        self._lost = _Lost(0, -1, "")
        self._tables: dict[str, _Table] = {}
        self._events: deque[Event] = deque()
        self._pending: deque[Event] = deque()  # written, not committed yet
        self._history_bytes = 0
        self._dead: deque[tuple[int, int]] = deque()  # (superseding rv, superseded rv)
        self._listeners: dict[str, list[Listener]] = {}
        self._everything: list[Listener] = []
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._gathered: list[_Job] = []  # for the writer, at the end of this turn of the loop
        self._inbox: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # ---- life cycle

    def open(self) -> None:
        """Load the database (made when missing) and start the writer thread.

        Raises UserError when the file is not a database of ours or comes from a newer version.
        """
        self._loop = asyncio.get_running_loop()
        database = connect(self.path, self.synchronous)
        try:
            prepare(database, self.path)
            self._load(database)
        finally:
            database.close()
        self._thread = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Commit what is pending and stop the writer."""
        if self._thread is None:
            return
        self._hand_over()
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)
        self._thread = None

    def _load(self, database: sqlite3.Connection) -> None:
        row = database.execute("SELECT value FROM meta WHERE key = 'compacted'").fetchone()
        self.compacted = self.rv = int(row[0]) if row else 0
        rows = database.execute("SELECT rv, resource, namespace, name, verb, value FROM log ORDER BY rv")
        for rv, resource, namespace, name, verb, value in rows:
            raw = self.seals[resource][1](value) if resource in self.seals else bytes(value)
            entry = Entry(orjson.loads(raw), raw, rv)
            event = self._index(rv, _VERBS[verb], resource, (namespace, name), entry)
            event.fold()
            if rv > self.compacted:
                self._remember(event)
            self.rv = max(self.rv, rv)
        self.committed = self.rv

    # ---- reads

    def get(self, resource: str, namespace: str, name: str) -> Entry | None:
        """The object, or None. It may not be committed yet: `await settled(entry.rv)` before telling anyone."""
        table = self._tables.get(resource)
        return table.entries.get((namespace, name)) if table else None

    def items(self, resource: str, namespace: str | None = None, after: Key | None = None) -> list[Entry]:
        """Objects in order of (namespace, name), of one namespace or all, behind the key `after`."""
        table = self._tables.get(resource)
        if table is None:
            return []
        entries = table.entries
        return [entries[key] for key in table.slice(namespace, after)]

    def items_at(
        self, rv: int, resource: str, namespace: str | None = None, after: Key | None = None
    ) -> list[Entry] | None:
        """As `items`, of the state at `rv`; None when that is longer ago than the history goes."""
        if rv < self.compacted:
            return None
        before: dict[Key, Entry | None] = {}  # what was changed since, as it was
        for events in (self._pending, self._events):
            for event in reversed(events):
                if event.rv <= rv:
                    break
                if event.resource == resource:
                    before[event.key] = event.previous
        if not before:
            return self.items(resource, namespace, after)
        table = self._tables[resource]
        kept = {
            key: entry
            for key, entry in before.items()
            if entry is not None and namespace in (None, key[0]) and (after is None or key > after)
        }
        kept |= {key: table.entries[key] for key in table.slice(namespace, after) if key not in before}
        return [kept[key] for key in sorted(kept)]

    def count(self, resource: str) -> int:
        """How many objects the resource has."""
        table = self._tables.get(resource)
        return len(table.entries) if table else 0

    def resources(self) -> list[str]:
        """Every resource that has an object."""
        return [name for name, table in self._tables.items() if table.entries]

    async def settled(self, rv: int | None = None) -> None:
        """Return when everything up to `rv` (default: all that was written so far) is on disk.

        Raises OSError when the disk refused it.
        """
        wanted = self.rv if rv is None else rv
        if rv is not None and self._lost.first <= rv <= self._lost.last:
            raise OSError(self._lost.why)
        if self.committed >= wanted:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((wanted, future))
        await future

    # ---- writes

    def put(self, resource: str, namespace: str, name: str, obj: dict[str, Any]) -> Entry:
        """Add or replace an object; sets `metadata.resourceVersion` of `obj`, which the store keeps from then on.

        ApiStatus 413 or 403 when the object, or all of them, would be too large.
        """
        rv = self.rv + 1
        obj["metadata"]["resourceVersion"] = str(rv)
        raw = _encoded(obj)
        before = self.get(resource, namespace, name)
        if self.live_bytes + len(raw) - (len(before.raw) if before else 0) > self.max_bytes:
            raise ApiStatus(
                403, "Forbidden", f"the cluster is full: its objects may have {self.max_bytes} bytes together"
            )
        self.rv = rv
        known = before is not None
        return self._append(
            rv, MODIFIED if known else ADDED, resource, (namespace, name), Entry(obj, raw, rv)
        )

    def delete(self, resource: str, namespace: str, name: str) -> Entry:
        """Remove an object (KeyError if it is not there); its last state, at the resource version of the removal."""
        current = self.get(resource, namespace, name)
        if current is None:
            raise KeyError(name)
        rv = self.rv + 1
        obj = current.copy()
        obj["metadata"]["resourceVersion"] = str(rv)
        raw = orjson.dumps(obj)
        self.rv = rv
        return self._append(rv, DELETED, resource, (namespace, name), Entry(obj, raw, rv))

    def _append(self, rv: int, verb: str, resource: str, key: Key, entry: Entry) -> Entry:
        event = self._index(rv, verb, resource, key, entry)
        blob = self.seals[resource][0](entry.raw) if resource in self.seals else entry.raw
        self._pending.append(event)
        self._gather(_Record(event, blob))
        return entry

    def _gather(self, job: _Job) -> None:
        if not self._gathered:
            assert self._loop is not None
            self._loop.call_soon(self._hand_over)
        self._gathered.append(job)

    def _hand_over(self) -> None:
        if self._gathered:
            self._inbox.put(self._gathered)
            self._gathered = []

    def _index(self, rv: int, verb: str, resource: str, key: Key, entry: Entry) -> Event:
        table = self._tables.setdefault(resource, _Table())
        previous = table.entries.get(key)
        if verb == DELETED:
            table.remove(key)
            self._dead.append((rv, rv))
        else:
            table.set(key, entry)
            self.live_bytes += len(entry.raw)
        if previous is not None:
            self.live_bytes -= len(previous.raw)
            self._dead.append((rv, previous.rv))
        return Event(rv, verb, resource, key, entry, previous)

    # ---- watches

    def listen(self, resource: str | None, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each committed event of a resource (None: of all). Returns the way to stop."""
        listeners = self._everything if resource is None else self._listeners.setdefault(resource, [])
        listeners.append(listener)

        def stop() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return stop

    def since(self, resource: str, rv: int) -> list[Event] | None:
        """Committed events of a resource behind `rv`, oldest first; None when that is longer ago than the history goes."""
        if rv < self.compacted:
            return None
        found: list[Event] = []
        for event in reversed(self._events):
            if event.rv <= rv:
                break
            if event.resource == resource:
                found.append(event)
        found.reverse()
        return found

    # ---- commits

    def _committed(self, records: list[_Record]) -> None:
        for record in records:
            event = record.event
            self.committed = event.rv
            self._pending.popleft()
            self._remember(event)
            for listener in (*self._listeners.get(event.resource, ()), *self._everything):
                try:
                    listener(event)
                except Exception:  # one listener's fault must not keep the others, or the writer, waiting
                    log.exception("a listener failed on %s %s", event.resource, event.key)
            event.fold()
        while self._waiters and self._waiters[0][0] <= self.committed:
            _resolve(self._waiters.popleft()[1], None)
        # Waiters come nearly in order of rv; a read of an older object may stand behind a newer one.
        if self._waiters and any(rv <= self.committed for rv, _ in self._waiters):
            ready = [future for rv, future in self._waiters if rv <= self.committed]
            self._waiters = deque(waiter for waiter in self._waiters if waiter[0] > self.committed)
            for future in ready:
                _resolve(future, None)
        if len(self._events) > self.window * 5 // 4 or self._history_bytes > self.history_bytes * 5 // 4:
            self._compact()

    def _remember(self, event: Event) -> None:
        self._events.append(event)
        self._history_bytes += event.held

    def _compact(self) -> None:
        while len(self._events) > self.window or (
            self._history_bytes > self.history_bytes and len(self._events) > 1
        ):
            oldest = self._events.popleft()
            self._history_bytes -= oldest.held
            self.compacted = oldest.rv
        dead: list[int] = []
        while self._dead and self._dead[0][0] <= self.compacted:
            dead.append(self._dead.popleft()[1])
        self._gather(_Compaction(self.compacted, dead))

    def _failed(self, error: str) -> None:
        """The disk refused a commit: what is not on it never was. Nobody has been told of it, so it can be taken back.

        The writer drops what it is given until it hears that this has happened. Later writes try the disk again.
        """
        text = f"the database {self.path} cannot be written: {error}"
        log.error("%s; %d writes are taken back", text, len(self._pending))
        while self._pending:
            event = self._pending.pop()
            table = self._tables[event.resource]
            if event.type != DELETED:
                self.live_bytes -= len(event.entry.raw)
            if event.previous is None:
                table.remove(event.key)
            else:
                table.set(event.key, event.previous)
                self.live_bytes += len(event.previous.raw)
        while self._dead and self._dead[-1][0] > self.committed:
            self._dead.pop()
        self._gathered.clear()
        # Their versions are not given again: until now they were in the index, where a reader may have seen them.
        self._lost = _Lost(self.committed + 1, self.rv, text)
        self.committed = self.rv
        while self._waiters:
            _resolve(self._waiters.popleft()[1], OSError(text))
        self._inbox.put([_RESUME])

    def _write_loop(self) -> None:
        loop = self._loop
        assert loop is not None
        database: sqlite3.Connection | None = None
        with contextlib.suppress(UserError):  # then the first write says it
            database = connect(self.path, self.synchronous)
        stop = failing = False
        while not stop:
            jobs: list[_Job] = []
            while not stop and (not jobs or (not self._inbox.empty() and len(jobs) < 2_000)):
                some = self._inbox.get()
                stop = some is None
                jobs += some or ()
            if failing:
                if _RESUME not in jobs:
                    continue
                jobs = jobs[jobs.index(_RESUME) + 1 :]
                failing = False
            try:
                if database is None:
                    database = connect(self.path, self.synchronous)
                records = _commit(database, jobs)
            except (sqlite3.Error, UserError) as error:
                if database is not None:
                    database.close()
                    database = None
                failing = True
                _call(loop, self._failed, error.message if isinstance(error, UserError) else str(error))
                continue
            if records:
                _call(loop, self._committed, records)
        if database is not None:
            database.close()


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], argument: object) -> None:
    try:
        loop.call_soon_threadsafe(function, argument)
    except RuntimeError:
        pass  # the loop has closed: nobody waits for the answer any more


def _encoded(obj: Mapping[str, Any]) -> bytes:
    """An object as JSON. ApiStatus 413 when it is too large, 400 when it cannot be written."""
    try:
        raw = orjson.dumps(obj)
    except orjson.JSONEncodeError as error:
        raise bad_request(f"the object cannot be stored: {error}") from error
    if len(raw) > MAX_OBJECT:
        raise ApiStatus(
            413, "RequestEntityTooLarge", f"the object has {len(raw)} bytes of JSON: limit is {MAX_OBJECT}"
        )
    return raw


def _resolve(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _commit(database: sqlite3.Connection, jobs: Iterable[_Job]) -> list[_Record]:
    """Write jobs in one transaction. Many rows a statement: after each the thread has to wait for the interpreter's lock."""
    records = [job for job in jobs if isinstance(job, _Record)]
    database.execute("BEGIN IMMEDIATE")
    start = 0
    while start < len(records):
        size = next(size for size in _BATCHES if size <= len(records) - start)
        values: list[Any] = []
        for job in records[start : start + size]:
            event = job.event
            values += (event.rv, event.resource, *event.key, _VERBS.index(event.type), job.blob)
        database.execute(_INSERT + ",".join(["(?,?,?,?,?,?)"] * size), values)
        start += size
    for job in jobs:
        if isinstance(job, _Compaction):
            for start in range(0, len(job.dead), 500):
                some = job.dead[start : start + 500]
                database.execute(f"DELETE FROM log WHERE rv IN ({','.join('?' * len(some))})", some)
            database.execute("INSERT OR REPLACE INTO meta VALUES ('compacted', ?)", (str(job.upto),))
    database.execute("COMMIT")
    return records


_BATCHES: Final = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows a statement: few sizes, so that SQLite keeps them prepared."""
_INSERT: Final = "INSERT INTO log (rv, resource, namespace, name, verb, value) VALUES "
