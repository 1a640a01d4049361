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
from executor.cluster.versions import as_version, raw_as

BOOKMARK_EVERY: Final = 30.0
"""Seconds between bookmarks on a quiet watch."""
_MAX_BEHIND: Final = 20_000
_MAX_BEHIND_BYTES: Final = 16 * 1024 * 1024
"""Events, and their bytes, that may wait for a slow reader before its watch is ended."""

Encode = Callable[[str, Mapping[str, Any], bytes], bytes]
"""From event type, object and its JSON to one line of the stream."""


def encode_plain(type: str, obj: Mapping[str, Any], raw: bytes) -> bytes:
    """One watch event as JSON."""
    return b'{"type":"%b","object":%b}\n' % (type.encode(), raw)


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
        store, wanted = self.store, self.start
        self._position = store.rv
        fresh = self.initial or wanted == 0
        history = [] if fresh else store.since(self.chosen.resource.storage, wanted)
        if history is None:
            failure = expired(f"too old resource version: {wanted} ({store.compacted})")
            yield self._line("ERROR", failure.body())
            return
        snapshot = store.items(self.chosen.resource.storage, self.chosen.namespace) if fresh else []
        if not fresh:
            self._position = wanted
            for event in history:
                self._receive(event)
        stop = store.listen(self.chosen.resource.storage, self._receive)
        try:
            if fresh:
                await store.settled()
                yield b"".join(
                    self.encode(ADDED, *self._shape(entry))
                    for entry in snapshot
                    if self.chosen.wants(_key(entry.obj), entry.obj)
                )
            if self.initial:
                yield self._bookmark({"k8s.io/initial-events-end": "true"})
            async for chunk in self._live():
                yield chunk
        finally:
            stop()

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

    def _receive(self, event: Event) -> None:
        if event.rv <= self._position:
            return
        self._position = event.rv
        chosen = self.chosen
        before = event.previous is not None and chosen.wants(event.key, event.previous.obj)
        after = event.type != DELETED and chosen.wants(event.key, event.entry.obj)
        if event.type == DELETED:
            if not before:
                return
            type, entry = DELETED, event.entry
        elif after:
            type, entry = (MODIFIED if before else ADDED), event.entry
        elif before:
            assert event.previous is not None
            type, entry = DELETED, _last_state(event.previous, event.rv)
        else:
            return
        if len(self._queue) >= _MAX_BEHIND or self._behind > _MAX_BEHIND_BYTES:
            self._queue.clear()
            self.close()
        if self._closed:
            return
        key = (*self.frame_key, type)
        frame = event.frames.get(key) if self.frame_key[0] else None
        if frame is None:
            frame = self.encode(type, *self._shape(entry))
            if self.frame_key[0]:
                event.frames[key] = frame
        self._queue.append(frame)
        self._behind += len(frame)
        self._wake()

    def _shape(self, entry: Entry) -> tuple[Mapping[str, Any], bytes]:
        resource = self.chosen.resource
        return as_version(resource, entry.obj), raw_as(resource, entry)

    def _bookmark(self, annotations: Mapping[str, str] | None = None) -> bytes:
        obj = bookmark(self.chosen.resource, max(self._position, self.store.committed), annotations)
        return self.encode("BOOKMARK", obj, orjson.dumps(obj))

    def _line(self, type: str, obj: Mapping[str, Any]) -> bytes:
        return encode_plain(type, obj, orjson.dumps(obj))


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
