"""Watches: the stream of changes of a selection."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import orjson

from executor.cluster.kinds import Resource
from executor.cluster.lists import Selection, too_large, version_number
from executor.cluster.status import Cause, expired, invalid
from executor.cluster.store import ADDED, DELETED, MODIFIED, Entry, Event, Store
from executor.cluster.versions import entry_as

BOOKMARK_EVERY: Final = 30.0
"""Seconds between bookmarks on a quiet watch."""
_MAX_BEHIND: Final = 20_000
_MAX_BEHIND_BYTES: Final = 16 * 1024 * 1024
"""Events, and their bytes, that may wait for a slow reader before its watch is ended."""

_REPLAYED_AT_ONCE: Final = 256 * 1024
"""Bytes of history that a watch goes through before everybody else has a turn."""

Encode = Callable[[str, Entry], bytes]
"""From event type and object to one line of the stream."""


def line(type: str, raw: bytes) -> bytes:
    """One watch event as JSON, of an object's JSON."""
    return b'{"type":"%b","object":%b}\n' % (type.encode(), raw)


def encode_plain(type: str, entry: Entry) -> bytes:
    """One watch event as JSON."""
    return line(type, entry.raw)


class Watch:
    """One open watch. `lines()` yields what to send, until the time is up, the reader is too slow, or `close()`."""

    def __init__(
        self,
        store: Store,
        chosen: Selection,
        query: Mapping[str, str],
        encode: Encode = encode_plain,
        shared: str = "plain",
    ) -> None:
        """`shared` names the encoding: watches of the same name share encoded events; those of no name do not."""
        self.store = store
        self.chosen = chosen
        self.encode = encode
        self.frame_key = (shared, chosen.resource.api_version)
        self.bookmarks = query.get("allowWatchBookmarks") in ("true", "1", "True")
        self.initial = query.get("sendInitialEvents") in ("true", "1", "True")
        self.timeout = _timeout(query)
        self.start = version_number(query.get("resourceVersion") or "")
        if self.start > store.rv:
            raise too_large(self.start, store.rv)
        _check_initial(query, self.initial)
        self._queue: deque[bytes] = deque()
        self._behind = 0
        """Bytes of the queue."""
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self._position = 0

    def close(self) -> None:
        """End the stream (also from `receive`'s side, when the client has gone)."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def lines(self) -> AsyncIterator[bytes]:
        """The stream, in chunks of whole lines."""
        store, storage = self.store, self.chosen.resource.storage
        fresh = self.initial or self.start == 0
        self._position = store.rv if fresh else self.start
        snapshot = store.items(storage, self.chosen.namespace) if fresh else []
        # While a slow reader takes the history, this goes on until there is nothing more of it.
        while not fresh and not self._closed:
            history = store.since(storage, self._position)
            if history is None:
                failure = expired(f"too old resource version: {self._position} ({store.compacted})")
                yield line("ERROR", orjson.dumps(failure.body()))
                return
            if not history:
                break
            async for chunk in self._replay(history):
                yield chunk
        stop = store.listen(storage, self._receive)
        try:
            if fresh:
                await store.settled()
                yield b"".join(
                    self.encode(ADDED, entry_as(self.chosen.resource, entry))
                    for entry in snapshot
                    if self.chosen.wants(_key(entry.obj), entry)
                )
            if self.initial:
                yield self._bookmark({"k8s.io/initial-events-end": "true"})
            async for chunk in self._live():
                yield chunk
        finally:
            stop()

    async def _replay(self, history: list[Event]) -> AsyncIterator[bytes]:
        """What the watch has to tell of past events, as fast as it is read, however much it is."""
        lines: list[bytes] = []
        seen = 0
        for event in history:
            change = self._change(event)
            if change is not None:
                lines.append(self.encode(change[0], entry_as(self.chosen.resource, change[1])))
            seen += len(event.entry.raw)
            if seen > _REPLAYED_AT_ONCE:
                yield b"".join(lines)
                await asyncio.sleep(0)
                if self._closed:
                    return
                lines.clear()
                seen = 0
        yield b"".join(lines)

    async def _live(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.timeout
        next_bookmark = loop.time() + BOOKMARK_EVERY
        timer = loop.call_at(min(end, next_bookmark), self._wake)
        try:
            while not self._closed:
                if self._queue:
                    chunk = b"".join(self._queue)
                    self._queue.clear()
                    self._behind = 0
                    yield chunk
                    continue
                now = loop.time()
                if now >= end:
                    if self.bookmarks:
                        yield self._bookmark()
                    return
                if now >= next_bookmark:
                    next_bookmark = now + BOOKMARK_EVERY
                    timer = loop.call_at(min(end, next_bookmark), self._wake)
                    if self.bookmarks:
                        yield self._bookmark()
                        continue
                self._waiter = loop.create_future()
                await self._waiter
        finally:
            timer.cancel()

    def _change(self, event: Event) -> tuple[str, Entry] | None:
        """What an event is to the selection, and the object to tell it with; None when it is nothing, or was told."""
        if event.rv <= self._position:
            return None
        self._position = event.rv
        chosen, previous = self.chosen, event.previous
        before = previous is not None and chosen.wants(event.key, previous)
        if event.type == DELETED:
            return (DELETED, event.entry) if before else None
        if chosen.wants(event.key, event.entry):
            return (MODIFIED if before else ADDED), event.entry
        return (DELETED, _last_state(previous, event.rv)) if before and previous is not None else None

    def _receive(self, event: Event) -> None:
        change = self._change(event)
        if change is None:
            return
        type, entry = change
        if len(self._queue) >= _MAX_BEHIND or self._behind > _MAX_BEHIND_BYTES:
            self._queue.clear()
            self.close()
        if self._closed:
            return
        key = (*self.frame_key, type)
        frame = event.frames.get(key) if self.frame_key[0] else None
        if frame is None:
            frame = self.encode(type, entry_as(self.chosen.resource, entry))
            if self.frame_key[0]:
                event.frames[key] = frame
        self._queue.append(frame)
        self._behind += len(frame)
        self._wake()

    def _bookmark(self, annotations: Mapping[str, str] | None = None) -> bytes:
        version = max(self._position, self.store.committed)
        obj = bookmark(self.chosen.resource, version, annotations)
        return self.encode("BOOKMARK", Entry(obj, orjson.dumps(obj), version))


def bookmark(resource: Resource, rv: int, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The object of a bookmark: everything up to `rv` has been sent."""
    data: dict[str, Any] = {"resourceVersion": str(rv), "creationTimestamp": None}
    if annotations:
        data["annotations"] = dict(annotations)
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": data}


def _key(obj: Mapping[str, Any]) -> tuple[str, str]:
    data = obj["metadata"]
    return data.get("namespace", ""), data["name"]


def _last_state(previous: Entry, rv: int) -> Entry:
    """An object that left the selection, as it was when it was still in it, at the version of the change."""
    obj = previous.copy()
    obj["metadata"]["resourceVersion"] = str(rv)
    return Entry(obj, orjson.dumps(obj), rv)


def _timeout(query: Mapping[str, str]) -> float:
    text = query.get("timeoutSeconds") or "0"
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return float(seconds) if seconds else random.uniform(1800, 3600)


def _check_initial(query: Mapping[str, str], initial: bool) -> None:
    match = query.get("resourceVersionMatch")
    if initial and match != "NotOlderThan":
        raise invalid(
            "ListOptions",
            "meta.k8s.io",
            "",
            [
                Cause(
                    "FieldValueForbidden",
                    "resourceVersionMatch",
                    "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                )
            ],
        )
    if match and "sendInitialEvents" not in query:
        raise invalid(
            "ListOptions",
            "meta.k8s.io",
            "",
            [
                Cause(
                    "FieldValueForbidden",
                    "resourceVersionMatch",
                    "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                )
            ],
        )
