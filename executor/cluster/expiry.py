"""Events have an end: the server forgets them some time after they were last written (upstream: --event-ttl)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from executor.cluster.store import Entry, Store

EVENTS: Final = "events"
DEFAULT_TTL: Final = 3600.0
"""Seconds, as upstream's default."""
_EVERY: Final = 30.0
_BATCH: Final = 200


def last_written(event: Mapping[str, Any]) -> float:
    """When an Event last told something, in seconds since the epoch: the latest of the times that it carries."""
    series = event.get("series") or {}
    texts = (
        event["metadata"].get("creationTimestamp"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        series.get("lastObservedTime") if isinstance(series, Mapping) else None,
    )
    return max(map(_seconds, texts))


def _seconds(text: Any) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def expired(events: Iterable[Entry], now: float, ttl: float) -> list[tuple[str, str]]:
    """Namespace and name of the Events whose time is up. One that claims to be from the future gets its time from now on."""
    found = []
    for entry in events:
        created = _seconds(entry.obj["metadata"].get("creationTimestamp"))
        written = last_written(entry.obj)
        if (written if written <= now else created) + ttl < now:
            found.append((entry.obj["metadata"]["namespace"], entry.obj["metadata"]["name"]))
    return found


async def expire_events(store: Store, ttl: float) -> None:
    """Delete Events as their time ends, for as long as the server runs, a few at a time."""
    while True:
        gone = expired(store.items(EVENTS), time.time(), ttl)
        for start in range(0, len(gone), _BATCH):
            for namespace, name in gone[start : start + _BATCH]:
                if store.get(EVENTS, namespace, name) is not None:
                    store.delete(EVENTS, namespace, name)
            await asyncio.sleep(0.01)
        await asyncio.sleep(min(_EVERY, max(1.0, ttl / 4)))
