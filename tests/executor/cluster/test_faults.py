"""kill -9 in the middle of many writes: what was acknowledged stays, and a watch that resumes misses and repeats nothing.

A few kills run with the ordinary tests; `make cluster-faults` sets CLUSTER_FAULTS=full, for fifty, each in the middle of ten
thousand writes.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from executor.cluster.testing import RunningCluster, start, stop
from tests.bench.loadgen import Connection, Plan
from tests.contract.conftest import Api, client_of

FULL = os.environ.get("CLUSTER_FAULTS") == "full"
KILLS, WRITES = (50, 10_000) if FULL else (3, 1_500)
WRITERS, KEYS = 6, 40
PATH = "/api/v1/namespaces/default/configmaps"
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')


class Written(NamedTuple):
    """The last acknowledged state of a key: which turn made it (-1: deleted) and its version, where the answer tells it."""

    turn: int
    version: int


class Ledger:
    """What clients were told."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.acknowledged: dict[str, Written] = {}
        self.unanswered: dict[str, int] = {}  # key → the turn whose answer did not come
        self.versions: list[int] = []
        self.count = 0
        self.enough = threading.Event()

    def plan(self, cluster: RunningCluster) -> Plan:
        ca = (cluster.data / "pki" / "ca.crt").read_text()
        return Plan(cluster.url, (cluster.data / "pki" / "admin.token").read_text(), "default", ca)


def write(ledger: Ledger, cluster: RunningCluster, writer: int, seed: int, goal: int) -> None:
    """Create, change and delete the writer's own keys, one after the other, until the server has gone."""
    dice = random.Random(seed * 1000 + writer)
    try:
        connection = Connection(ledger.plan(cluster))
    except OSError:
        return
    turn = seed * 1_000_000
    while True:
        turn += 1
        key = f"w{writer}-{dice.randrange(KEYS)}"
        known = ledger.acknowledged.get(key, Written(-1, 0)).turn >= 0
        body = json.dumps({"metadata": {"name": key}, "data": {"turn": str(turn)}}).encode()
        if not known:
            request = ("POST", PATH, body)
        elif dice.random() < 0.25:
            request, turn_after = ("DELETE", f"{PATH}/{key}", b""), -1
        else:
            request = ("PUT", f"{PATH}/{key}", body)
        turn_after = -1 if request[0] == "DELETE" else turn
        ledger.unanswered[key] = turn_after
        try:
            connection.ask(*request)
        except OSError:
            return
        del ledger.unanswered[key]
        found = _VERSION.search(connection.buffer) if turn_after >= 0 else None
        with ledger.lock:
            ledger.acknowledged[key] = Written(turn_after, int(found[1]) if found else 0)
            if found:
                ledger.versions.append(int(found[1]))
            ledger.count += 1
            if ledger.count >= goal:
                ledger.enough.set()


class Watcher:
    """Follows the collection over all deaths of the server, from the version that it saw last."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int, str, int]] = []
        """(type, version, key, turn) of every event."""
        self.position = 0

    def follow(self, ledger: Ledger, cluster: RunningCluster) -> None:
        """Read events until the server has gone."""
        try:
            connection = Connection(ledger.plan(cluster))
            asked = f"{PATH}?watch=true&resourceVersion={self.position}"
            connection.send("GET", asked)
            rest = b""
            while chunk := connection.socket.recv(1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.startswith(b'{"type"'):
                        self.take(json.loads(line))
        except OSError:
            return

    def take(self, event: dict[str, Any]) -> None:
        obj = event["object"]
        assert event["type"] in ("ADDED", "MODIFIED", "DELETED"), event
        self.position = int(obj["metadata"]["resourceVersion"])
        turn = int((obj.get("data") or {}).get("turn", -2))
        self.events.append((event["type"], self.position, obj["metadata"]["name"], turn))

    def state(self, upto: int | None = None) -> dict[str, tuple[int, int]]:
        """(turn, version) of each key, as the events tell."""
        found: dict[str, tuple[int, int]] = {}
        for kind, version, key, turn in self.events:
            if upto is not None and version > upto:
                break
            if kind == "DELETED":
                del found[key]
            else:
                assert (kind == "ADDED") == (key not in found)
                found[key] = (turn, version)
        return found


def listed(cluster: RunningCluster) -> tuple[int, dict[str, tuple[int, int]]]:
    """The collection's version, and (turn, version) of each key."""
    with client_of(cluster.kubeconfig) as client:
        body = Api(client).get(PATH).body
    items = {
        item["metadata"]["name"]: (int(item["data"]["turn"]), int(item["metadata"]["resourceVersion"]))
        for item in body["items"]
        if "turn" in item.get("data", {})
    }
    return int(body["metadata"]["resourceVersion"]), items


def check(ledger: Ledger, cluster: RunningCluster, after: int) -> None:
    """Every key is as it was acknowledged, or as the one write made it whose answer did not come."""
    version, found = listed(cluster)
    assert version >= after
    for key in {*ledger.acknowledged, *ledger.unanswered}:
        kept = ledger.acknowledged.get(key, Written(-1, 0))
        turn, at = found.get(key, (-1, 0))
        if key in ledger.unanswered and turn == ledger.unanswered[key] != kept.turn:
            ledger.acknowledged[key] = Written(turn, at)
        else:
            assert turn == kept.turn, (key, turn, kept)
            assert kept.version in (0, at), (key, at, kept)
    ledger.unanswered.clear()


def run_until_killed(
    ledger: Ledger, watcher: Watcher, cluster: RunningCluster, seed: int, during: Any = None
) -> None:
    """Write from several connections at once, and kill the server in the middle."""
    ledger.enough.clear()
    goal = ledger.count + random.Random(seed).randrange(WRITES // 20, WRITES)
    threads = [
        threading.Thread(target=write, args=(ledger, cluster, number, seed, goal))
        for number in range(WRITERS)
    ]
    threads.append(threading.Thread(target=watcher.follow, args=(ledger, cluster)))
    for thread in threads:
        thread.start()
    if during is not None:
        during()
    assert ledger.enough.wait(300)
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()
    for thread in threads:
        thread.join(30)


@pytest.mark.parametrize("synchronous", ["normal", "full"])
def test_kills_in_the_middle_of_writes(tmp_path: Path, synchronous: str) -> None:
    ledger, watcher = Ledger(), Watcher()
    options = ("--synchronous", synchronous)
    for seed in range(1, 1 + (KILLS if synchronous == "normal" or FULL else 1)):
        cluster = start(tmp_path, *options)
        check(ledger, cluster, max(ledger.versions, default=0))
        if seed == 1:
            watcher.position = listed(cluster)[0]
        run_until_killed(ledger, watcher, cluster, seed)
    cluster = start(tmp_path, *options)
    try:
        check(ledger, cluster, max(ledger.versions))
        version, found = listed(cluster)
        last = threading.Thread(target=watcher.follow, args=(ledger, cluster))
        last.start()
        with client_of(cluster.kubeconfig) as client:
            end = Api(client).post(PATH, {"metadata": {"name": "end"}}).body["metadata"]["resourceVersion"]
        assert int(end) > version
        while watcher.position < int(end) and last.is_alive():
            last.join(0.05)
    finally:
        stop(cluster.process)
    versions = [event[1] for event in watcher.events]
    assert versions == sorted(set(versions))  # in order, none twice
    assert len(ledger.versions) == len(set(ledger.versions))
    assert set(ledger.versions) <= set(versions)  # none missed
    state = watcher.state()
    assert state.pop("end") == (-2, int(end))
    assert state == found
    assert ledger.count >= KILLS * WRITES // 40 if synchronous == "normal" else True
    compact = sqlite3.connect(tmp_path / "cluster.db").execute("PRAGMA integrity_check").fetchone()
    assert compact == ("ok",)


def test_a_backup_in_the_middle_of_writes_is_one_state(tmp_path: Path) -> None:
    ledger, watcher = Ledger(), Watcher()
    data, copied = tmp_path / "data", tmp_path / "copy"
    cluster = start(data)
    watcher.position = listed(cluster)[0]
    before: dict[str, Written] = {}

    def back_up() -> None:
        while ledger.count < 100:
            threading.Event().wait(0.01)
        with ledger.lock:
            before.update(ledger.acknowledged)
        for arguments in (["--data", data, "--out", tmp_path / "saved.tar"], ["--data", copied, "--restore", tmp_path / "saved.tar"]):  # fmt: skip
            command = [sys.executable, "-m", "executor", "backup", *map(str, arguments)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr

    run_until_killed(ledger, watcher, cluster, 1, back_up)
    cluster = start(copied)
    try:
        version, found = listed(cluster)
    finally:
        stop(cluster.process)
    upto = [event for event in watcher.events if event[1] <= version]
    # The copy may go on with writes of its own from here (namespaces' accounts): what it lists is what was then.
    assert watcher.state(version) == found
    assert {key for _, _, key, _ in upto} >= set(before)


def test_a_full_disk_is_told_and_nothing_breaks(tmp_path: Path) -> None:
    cluster = start(tmp_path)
    database = tmp_path / "cluster.db"
    try:
        with client_of(cluster.kubeconfig) as client:
            api = Api(client)
            assert api.post(PATH, {"metadata": {"name": "before"}, "data": {"turn": "1"}}).code == 201
            watched = api.get(PATH).body["metadata"]["resourceVersion"]
            log = Path(f"{database}-wal").stat().st_size
            no_limit = resource.prlimit(cluster.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(cluster.process.pid, resource.RLIMIT_FSIZE, (log, no_limit[1]))
            failures = [
                api.post(PATH, {"metadata": {"name": f"x{n}"}, "data": {"k": "x" * 500_000}})
                for n in range(5)
            ]
            codes = [answer.code for answer in failures]
            assert codes[-1] == 500
            assert "cannot be written" in failures[-1].body["message"]
            kept = {f"x{n}" for n, code in enumerate(codes) if code == 201}
            changed = api.merge(f"{PATH}/before", {"data": {"turn": "2", "k": "x" * 500_000}})
            assert changed.code == 500
            names = {item["metadata"]["name"] for item in api.get(PATH).body["items"]}
            assert names == {"before", "kube-root-ca.crt"} | kept or names == {"before"} | kept
            assert api.get(f"{PATH}/before").body["data"] == {"turn": "1"}
            resource.prlimit(cluster.process.pid, resource.RLIMIT_FSIZE, no_limit)
            assert api.post(PATH, {"metadata": {"name": "after"}}).code == 201
            events = [e["object"]["metadata"]["name"] for e in api.watch(PATH, resourceVersion=watched)]
            assert events == [*sorted(kept), "after"]
    finally:
        stop(cluster.process)
    cluster = start(tmp_path)
    try:
        assert set(listed(cluster)[1]) == {"before"}
        with client_of(cluster.kubeconfig) as client:
            assert Api(client).get(f"{PATH}/after").code == 200
    finally:
        stop(cluster.process)
    assert sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone() == ("ok",)
