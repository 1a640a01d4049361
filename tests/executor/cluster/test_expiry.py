"""What does not stay for ever: Events, old versions of objects, and schemas of the database."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from executor.cluster import database as stores
from executor.cluster.expiry import expired, last_written
from executor.cluster.store import Entry, Store
from executor.cluster.testing import running_cluster
from tests.contract.conftest import Api, client_of

WRITES = 100_000 if os.environ.get("CLUSTER_FAULTS") == "full" else 12_000


def event(name: str, created: str, **more: Any) -> Entry:
    return Entry({"metadata": {"namespace": "n", "name": name, "creationTimestamp": created}, **more}, b"", 1)


def test_an_event_ends_after_it_was_last_written() -> None:
    now = 1_700_010_000.0  # 2023-11-15T01:00:00Z
    events = [
        event("old", "2023-11-14T23:59:59Z"),
        event("young", "2023-11-15T00:00:01Z"),
        event("seen again", "2023-11-14T20:00:00Z", lastTimestamp="2023-11-15T00:30:00Z"),
        event("series", "2023-11-14T20:00:00Z", series={"lastObservedTime": "2023-11-15T00:30:00.123456Z"}),
        event("micro", "2023-11-14T20:00:00Z", eventTime="2023-11-14T21:00:00.000001Z"),
        event("from the future", "2023-11-14T20:00:00Z", lastTimestamp="2999-01-01T00:00:00Z"),
        event("odd", "2023-11-15T00:30:00Z", lastTimestamp="yesterday", series="x"),
    ]
    assert last_written(events[2].obj) == 1_700_008_200.0
    assert expired(events, now, 3600) == [("n", "old"), ("n", "micro"), ("n", "from the future")]


def test_events_expire_and_nothing_else_does(tmp_path: Path) -> None:
    with running_cluster(tmp_path, ["--event-ttl", "1"]) as cluster, client_of(cluster.kubeconfig) as client:
        api = Api(client)
        where = "/api/v1/namespaces/default"
        reference = {"kind": "Pod", "name": "p", "namespace": "default"}
        assert api.post(f"{where}/configmaps", {"metadata": {"name": "stays"}}).code == 201
        made = api.post(f"{where}/events", {"metadata": {"name": "goes"}, "involvedObject": reference})
        assert made.code == 201
        start = made.body["metadata"]["resourceVersion"]
        seen = api.watch(f"{where}/events", resourceVersion=start, timeoutSeconds=4)
        assert [(e["type"], e["object"]["metadata"]["name"]) for e in seen] == [("DELETED", "goes")]
        assert api.get(f"{where}/events/goes").code == 404
        assert api.get(f"{where}/configmaps/stays").code == 200


def test_the_database_stays_small_over_many_writes(tmp_path: Path) -> None:
    """Old versions are deleted, and their room is used again."""

    async def run() -> tuple[int, int, list[int]]:
        store = Store(tmp_path / "db", window=500)
        store.open()
        sizes = []
        for turn in range(WRITES):
            name = f"o{turn % 50}"
            store.put("maps", "n", name, {"metadata": {"name": name, "namespace": "n"}, "data": "x" * 500})
            if turn % 500 == 0:
                await store.settled()
            if turn % (WRITES // 10) == WRITES // 20:
                sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
        await store.settled()
        found = store.rv, store.compacted
        await store.close()
        return (*found, sizes)

    version, compacted, sizes = asyncio.run(run())
    assert version == WRITES
    assert WRITES - 700 < compacted < WRITES
    rows = sqlite3.connect(tmp_path / "db").execute("SELECT count(*) FROM log").fetchone()[0]
    assert rows < 750
    assert max(sizes[5:]) <= max(sizes[:5]) * 1.2
    assert max(sizes) < 12_000_000

    async def again() -> tuple[int, int, int]:
        store = Store(tmp_path / "db", window=500)
        store.open()
        found = store.rv, store.count("maps"), len(store.since("maps", store.compacted) or ())
        await store.close()
        return found

    assert asyncio.run(again()) == (WRITES, 50, WRITES - compacted)


def opened(path: Path) -> list[tuple[str, str]]:
    """Names and colours of what the store holds."""

    async def run() -> list[tuple[str, str]]:
        store = Store(path)
        store.open()
        found = [
            (entry.obj["metadata"]["name"], entry.obj.get("colour", "")) for entry in store.items("maps")
        ]
        await store.close()
        return found

    return asyncio.run(run())


def test_a_database_of_an_older_version_is_brought_up_step_by_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write() -> None:
        store = Store(tmp_path / "db")
        store.open()
        store.put("maps", "n", "a", {"metadata": {"name": "a", "namespace": "n"}})
        await store.close()

    asyncio.run(write())
    steps: list[int] = []

    def colour(value: str, version: int) -> Any:
        def step(database: sqlite3.Connection) -> None:
            steps.append(version)
            for rv, raw in database.execute("SELECT rv, value FROM log").fetchall():
                text = bytes(raw).decode()[:-1] + f',"colour":"{value}"}}'
                database.execute("UPDATE log SET value = ? WHERE rv = ?", (text.encode(), rv))

        return step

    def breaks(database: sqlite3.Connection) -> None:
        database.execute("DELETE FROM log")
        raise sqlite3.OperationalError("the power is gone")

    monkeypatch.setattr(stores, "SCHEMA_VERSION", stores.SCHEMA_VERSION + 2)
    monkeypatch.setattr(stores, "MIGRATIONS", {1: colour("red", 1), 2: breaks})
    with pytest.raises(UserError, match="the power is gone"):
        opened(tmp_path / "db")
    # The first step is done and stays done; of the second nothing remains.
    monkeypatch.setattr(stores, "MIGRATIONS", {1: colour("wrong", 1), 2: colour("blue", 2)})
    assert opened(tmp_path / "db") == [("a", "blue")]
    assert opened(tmp_path / "db") == [("a", "blue")]
    assert steps == [1, 2]


def test_time_does_not_run_backwards_for_events() -> None:
    assert (
        expired([event("x", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))], time.time() - 100, 1) == []
    )
