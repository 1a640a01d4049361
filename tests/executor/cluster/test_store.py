"""The store: order, durability, history."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from executor.cluster.database import SCHEMA_VERSION
from executor.cluster.kinds import BUILTIN
from executor.cluster.lists import Selection
from executor.cluster.secretbox import sealer
from executor.cluster.status import ApiStatus
from executor.cluster.store import Event, Store
from executor.cluster.testing import start, stop
from executor.cluster.watch import Watch
from tests.contract.conftest import Api, client_of


def obj(name: str, **extra: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", "uid": name}, **extra}


def with_store(path: Path, work: Callable[[Store], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    async def run() -> Any:
        store = Store(path, **options)
        store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def summary(store: Store) -> list[tuple[str, str]]:
    return [
        (entry.obj["metadata"]["name"], entry.obj["metadata"]["resourceVersion"])
        for entry in store.items("maps")
    ]


def test_what_was_settled_is_there_after_opening_again(tmp_path: Path) -> None:
    async def write(store: Store) -> None:
        store.put("maps", "n", "b", obj("b"))
        store.put("maps", "n", "a", obj("a"))
        store.put("maps", "n", "b", obj("b", data={"k": "v"}))
        store.put("maps", "n", "gone", obj("gone"))
        store.delete("maps", "n", "gone")
        await store.settled()

    async def read(store: Store) -> Any:
        return summary(store), store.rv, store.get("maps", "n", "b").obj["data"]  # type: ignore[union-attr]

    with_store(tmp_path / "db", write)
    assert with_store(tmp_path / "db", read) == ([("a", "2"), ("b", "3")], 5, {"k": "v"})


def test_listeners_hear_of_changes_once_they_are_committed_and_in_order(tmp_path: Path) -> None:
    async def work(store: Store) -> list[tuple[str, int, int]]:
        heard: list[tuple[str, int, int]] = []

        def hear(event: Event) -> None:
            heard.append((event.type, event.rv, event.previous.rv if event.previous else 0))

        store.listen("maps", hear)
        store.put("maps", "n", "a", obj("a"))
        store.put("maps", "n", "a", obj("a", data={}))
        assert heard == []
        store.delete("maps", "n", "a")
        await store.settled()
        return heard

    assert with_store(tmp_path / "db", work) == [("ADDED", 1, 0), ("MODIFIED", 2, 1), ("DELETED", 3, 2)]


def test_history_survives_a_restart(tmp_path: Path) -> None:
    async def write(store: Store) -> None:
        for name in "abc":
            store.put("maps", "n", name, obj(name))
        await store.settled()

    async def read(store: Store) -> Any:
        return [(event.type, event.key[1]) for event in store.since("maps", 1) or ()]

    with_store(tmp_path / "db", write)
    assert with_store(tmp_path / "db", read) == [("ADDED", "b"), ("ADDED", "c")]


def test_compaction_forgets_history_and_keeps_objects(tmp_path: Path) -> None:
    async def write(store: Store) -> Any:
        store.put("maps", "n", "still", obj("still"))
        for turn in range(40):
            store.put("maps", "n", "busy", obj("busy", turn=turn))
            await store.settled()
        store.delete("maps", "n", "busy")
        await store.settled()
        return store.since("maps", 1), store.compacted

    past, compacted = with_store(tmp_path / "db", write, window=10)
    assert past is None
    assert 25 < compacted < 42
    rows = sqlite3.connect(tmp_path / "db").execute("SELECT count(*) FROM log").fetchone()[0]
    assert rows <= 15

    async def read(store: Store) -> Any:
        return (
            summary(store),
            store.rv,
            store.compacted,
            store.since("maps", compacted - 1),
            len(store.since("maps", compacted) or ()),
        )

    assert with_store(tmp_path / "db", read, window=10) == (
        [("still", "1")],
        42,
        compacted,
        None,
        42 - compacted,
    )


def test_secrets_are_unreadable_on_disk(tmp_path: Path) -> None:
    seals = {"secrets": sealer(tmp_path / "key")}

    async def write(store: Store) -> None:
        store.put("secrets", "n", "s", obj("s", data={"password": "aHVudGVyMg=="}))
        await store.settled()

    async def read(store: Store) -> Any:
        return store.get("secrets", "n", "s").obj["data"]  # type: ignore[union-attr]

    with_store(tmp_path / "db", write, seals=seals)
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("db*"))
    assert b"aHVudGVyMg" not in on_disk
    assert with_store(tmp_path / "db", read, seals={"secrets": sealer(tmp_path / "key")}) == {
        "password": "aHVudGVyMg=="
    }
    with pytest.raises(UserError, match="does not open the Secrets"):
        with_store(tmp_path / "db", read, seals={"secrets": sealer(tmp_path / "another")})


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("hello " * 1000)

    async def nothing(store: Store) -> None: ...

    with pytest.raises(UserError, match="not usable as the cluster's database"):
        with_store(tmp_path / "db", nothing)


def test_data_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    async def nothing(store: Store) -> None: ...

    with_store(tmp_path / "db", nothing)
    database = sqlite3.connect(tmp_path / "db")
    with database:
        database.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(SCHEMA_VERSION + 1),))
    database.close()
    with pytest.raises(UserError, match="written by a newer version"):
        with_store(tmp_path / "db", nothing)


def test_a_disk_that_refuses_takes_the_write_back_and_recovers(tmp_path: Path) -> None:
    async def work(store: Store) -> Any:
        store.put("maps", "n", "a", obj("a"))
        store.put("maps", "n", "gone", obj("gone"))
        await store.settled()
        heard: list[tuple[str, int]] = []
        store.listen("maps", lambda event: heard.append((event.type, event.rv)))
        bytes_before = store.live_bytes
        other = sqlite3.connect(tmp_path / "db")
        other.execute("ALTER TABLE log RENAME TO away")
        lost = store.put("maps", "n", "a", obj("a", data={"k": "lost"}))
        store.put("maps", "n", "new", obj("new"))
        store.delete("maps", "n", "gone")
        with pytest.raises(OSError, match="cannot be written: no such table: log"):
            await store.settled()
        with pytest.raises(OSError, match="cannot be written"):
            await store.settled(lost.rv)
        await store.settled()  # what is there is on disk
        assert summary(store) == [("a", "1"), ("gone", "2")]
        assert store.live_bytes == bytes_before
        store.put("maps", "n", "b", obj("b"))
        with pytest.raises(OSError, match="cannot be written"):
            await store.settled()
        other.execute("ALTER TABLE away RENAME TO log")
        kept = store.put("maps", "n", "b", obj("b"))
        await store.settled(kept.rv)
        assert heard == [("ADDED", kept.rv)]
        return summary(store), store.rv

    async def read(store: Store) -> Any:
        return summary(store), store.rv

    found = with_store(tmp_path / "db", work)
    assert found == ([("a", "1"), ("b", "7"), ("gone", "2")], 7)
    assert with_store(tmp_path / "db", read) == found


def test_objects_are_limited_alone_and_together(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        with pytest.raises(ApiStatus, match="limit is 1572864") as large:
            store.put("maps", "n", "large", obj("large", data="x" * 1_600_000))
        assert large.value.code == 413
        for name in "abc":
            store.put("maps", "n", name, obj(name, data="x" * 300))
        with pytest.raises(ApiStatus, match="the cluster is full") as full:
            store.put("maps", "n", "d", obj("d", data="x" * 300))
        assert full.value.code == 403
        store.put("maps", "n", "a", obj("a", data="y" * 300))
        store.delete("maps", "n", "b")
        store.put("maps", "n", "d", obj("d", data="x" * 300))
        assert store.live_bytes == sum(len(entry.raw) for entry in store.items("maps"))
        await store.settled()

    with_store(tmp_path / "db", work, max_bytes=1300)


def writer_thread(api: Api, number: int, acknowledged: dict[str, str], stopped: threading.Event) -> None:
    turn = 0
    path = "/api/v1/namespaces/default/configmaps"
    while not stopped.is_set():
        name = f"w{number}-{turn}"
        try:
            made = api.post(path, {"metadata": {"name": name}, "data": {"turn": str(turn)}})
        except Exception:
            return
        if made.code == 201:
            acknowledged[name] = made.body["metadata"]["resourceVersion"]
        turn += 1


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "data"
    acknowledged: dict[str, str] = {}
    seen: dict[str, str] = {}
    for _ in range(2):
        cluster = start(data)
        stopped = threading.Event()
        clients = [client_of(cluster.kubeconfig) for _ in range(4)]
        base = len(acknowledged)
        threads = [
            threading.Thread(target=writer_thread, args=(Api(client), base + number, acknowledged, stopped))
            for number, client in enumerate(clients)
        ]
        for thread in threads:
            thread.start()
        while len(acknowledged) < base + 150 and cluster.process.poll() is None:
            stopped.wait(0.01)
        os.kill(cluster.process.pid, signal.SIGKILL)
        cluster.process.wait()
        stopped.set()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
    cluster = start(data)
    try:
        with client_of(cluster.kubeconfig) as client:
            for item in Api(client).get("/api/v1/namespaces/default/configmaps").body["items"]:
                seen[item["metadata"]["name"]] = item["metadata"]["resourceVersion"]
    finally:
        stop(cluster.process)
    assert len(acknowledged) >= 300
    assert {name: seen.get(name) for name in acknowledged} == acknowledged


def test_a_watch_goes_on_where_it_was_after_a_kill(tmp_path: Path) -> None:
    cluster = start(tmp_path)
    path = "/api/v1/namespaces/default/configmaps"
    with client_of(cluster.kubeconfig) as client:
        first = Api(client).post(path, {"metadata": {"name": "before"}}).body["metadata"]["resourceVersion"]
        Api(client).post(path, {"metadata": {"name": "after"}})
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()
    cluster = start(tmp_path)
    try:
        with client_of(cluster.kubeconfig) as client:
            found = Api(client).watch(path, resourceVersion=first)
    finally:
        stop(cluster.process)
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in found] == [("ADDED", "after")]


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    cluster = start(tmp_path)
    try:
        command = [sys.executable, "-m", "executor", "apiserver", "--data", str(tmp_path)]
        again = subprocess.run(command, capture_output=True, text=True, timeout=30)
        port = cluster.url.rpartition(":")[2]
        command = [
            sys.executable,
            "-m",
            "executor",
            "apiserver",
            "--data",
            str(tmp_path / "other"),
            "--port",
            port,
        ]
        taken = subprocess.run(command, capture_output=True, text=True, timeout=30)
    finally:
        code = stop(cluster.process)
    assert (again.returncode, again.stderr) == (
        2,
        (
            f"argorun: error: {tmp_path}: another API server is running on this folder\n"
            "  Stop it first, or name another folder with --data.\n"
        ),
    )
    assert (taken.returncode, taken.stderr) == (
        2,
        (
            f"argorun: error: port {port} on 127.0.0.1 is in use\n"
            "  Choose another with --port (0 takes a free one), or stop the program that has it.\n"
        ),
    )
    assert (code, (tmp_path / "apiserver.json").exists()) == (0, False)


def test_insecure_is_for_loopback(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "executor",
        "apiserver",
        "--data",
        str(tmp_path),
        "--insecure",
        "--host",
        "0.0.0.0",
    ]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2
    assert "would make everyone on the network the administrator" in refused.stderr


def test_keys_and_kubeconfig_are_private(tmp_path: Path) -> None:
    cluster = start(tmp_path, "--insecure")
    try:
        kubeconfig = json.loads(cluster.kubeconfig.read_text())
        assert kubeconfig["clusters"][0]["cluster"] == {"server": cluster.url}
        assert cluster.url.startswith("http://127.0.0.1:")
        private = [cluster.kubeconfig, *sorted((tmp_path / "pki").iterdir())]
        assert {path.name: oct(path.stat().st_mode & 0o777) for path in private} == {
            path.name: "0o600" for path in private
        }
        with client_of(cluster.kubeconfig) as client:
            assert Api(client).get("/api/v1/namespaces/default").code == 200
    finally:
        stop(cluster.process)


def test_history_of_large_objects_is_bounded_by_bytes(tmp_path: Path) -> None:
    async def write(store: Store) -> Any:
        for turn in range(40):
            store.put("maps", "n", "large", obj("large", data={"k": "x" * 10_000, "turn": str(turn)}))
            await store.settled()
        await store.settled()
        return len(store.since("maps", store.compacted) or ())

    assert 5 <= with_store(tmp_path / "db", write, history_bytes=100_000) <= 13


def test_an_earlier_state_is_told_as_far_as_the_history_goes(tmp_path: Path) -> None:
    def names(store: Store, rv: int, after: tuple[str, str] | None = None) -> list[tuple[str, int]] | None:
        found = store.items_at(rv, "maps", "n", after)
        return None if found is None else [(entry.obj["metadata"]["name"], entry.rv) for entry in found]

    async def work(store: Store) -> None:
        for name in "abc":
            store.put("maps", "n", name, obj(name))
        store.put("others", "n", "x", obj("x"))
        await store.settled()
        store.put("maps", "n", "b", obj("b", data={}))
        store.delete("maps", "n", "c")
        # The last changes are not committed yet.
        assert names(store, 4) == [("a", 1), ("b", 2), ("c", 3)]
        assert names(store, 5) == [("a", 1), ("b", 5), ("c", 3)]
        await store.settled()
        store.put("maps", "n", "d", obj("d"))
        assert names(store, 2) == [("a", 1), ("b", 2)]
        assert names(store, 4, ("n", "a")) == [("b", 2), ("c", 3)]
        assert names(store, 7) == [("a", 1), ("b", 5), ("d", 7)]
        await store.settled()

    async def again(store: Store) -> None:
        assert names(store, 4) == [("a", 1), ("b", 2), ("c", 3)]

    with_store(tmp_path / "db", work)
    with_store(tmp_path / "db", again)

    async def compacted(store: Store) -> None:
        for _ in range(20):
            store.put("maps", "n", "a", obj("a"))
        await store.settled()
        assert names(store, 4) is None

    with_store(tmp_path / "db", compacted, window=5)


def test_the_history_holds_json_alone_and_counts_what_it_holds(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        for name in ("a", "b"):
            store.put("maps", "n", name, obj(name, data={"k": "x" * 1_000}))
        await store.settled()
        assert store._history_bytes == 0  # they are the objects themselves
        first = store.get("maps", "n", "a")
        assert first is not None
        store.put("maps", "n", "a", obj("a", data={"k": "y"}))
        assert first._obj is not None  # until it is on disk it may come back
        await store.settled()
        last = store.delete("maps", "n", "b")
        await store.settled()
        events = store.since("maps", 2) or []
        assert [(event.type, event.previous.obj["data"]["k"][:1]) for event in events if event.previous] == [
            ("MODIFIED", "x"),
            ("DELETED", "x"),
        ]
        folded = [event.previous for event in events] + [last]
        assert [entry._obj for entry in folded if entry is not None] == [None, None, None]
        assert store._history_bytes == sum(len(entry.raw) for entry in folded if entry is not None)
        now = store.get("maps", "n", "a")
        assert now is not None
        assert now._obj == obj("a", data={"k": "y"}) | {"metadata": now.obj["metadata"]}

    async def again(store: Store) -> None:
        assert [event.previous._obj for event in store.since("maps", 2) or () if event.previous] == [
            None,
            None,
        ]
        assert [entry._obj is not None for entry in store.items("maps")] == [True]

    with_store(tmp_path / "db", work)
    with_store(tmp_path / "db", again)


def test_a_watch_gets_all_of_a_history_that_is_larger_than_its_queue(tmp_path: Path) -> None:
    """Also while more is written than it reads; the versions come in order and none is left out."""
    size = 500_000
    maps = next(kind for kind in BUILTIN if kind.plural == "configmaps")

    async def work(store: Store) -> tuple[list[int], list[str]]:
        store.put("configmaps", "n", "large", obj("large"))
        for turn in range(50):
            store.put("configmaps", "n", "large", obj("large", data={"k": "x" * size, "turn": str(turn)}))
        await store.settled()
        watch = Watch(store, Selection(maps, None, None), {"resourceVersion": "1", "timeoutSeconds": "30"})
        seen: list[int] = []
        async for chunk in watch.lines():
            for line in chunk.splitlines():
                seen.append(int(json.loads(line)["object"]["metadata"]["resourceVersion"]))
            if len(seen) == 30 and store.rv < 60:
                for turn in range(9):
                    store.put("configmaps", "n", "large", obj("large", data={"turn": str(turn)}))
                await store.settled()
            if seen[-1] == 60:
                watch.close()
        late = Watch(store, Selection(maps, None, None), {"resourceVersion": "1"})
        store.compacted = 2
        told = [json.loads(chunk) async for chunk in late.lines()]
        return seen, [f"{line['type']} {line['object']['code']}" for line in told]

    seen, told = with_store(tmp_path / "db", work)
    assert seen == list(range(2, 61))
    assert told == ["ERROR 410"]
