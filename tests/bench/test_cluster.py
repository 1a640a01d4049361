"""The embedded API under load: writes, reads, lists and watch latency, beside what SQLite alone does in the same run."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from executor.cluster.testing import RunningCluster, running_cluster

pytestmark = pytest.mark.bench

CONNECTIONS = 16
PATH = "/api/v1/namespaces/default/configmaps"


async def request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, body: bytes = b""
) -> bytes:
    """One request over a connection that stays open; the body of the answer."""
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    size = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert answer.split(b" ", 2)[1][:1] == b"2", answer
    return await reader.readexactly(size)


async def rate(url: str, seconds: float, work: tuple[str, str]) -> float:
    """Requests a second over CONNECTIONS connections; `{}` in the work's path or body becomes a new number."""
    parts = urlsplit(url)
    end = time.perf_counter() + seconds
    done = 0
    method, path = work

    async def run(number: int) -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        turn = 0
        while time.perf_counter() < end:
            name = f"b{number}-{turn}"
            body = (
                json.dumps({"metadata": {"name": name}, "data": {"k": "v" * 100}}).encode()
                if method == "POST"
                else b""
            )
            await request(reader, writer, method, path, body)
            done += 1
            turn += 1
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(run(number) for number in range(CONNECTIONS)))
    return done / (time.perf_counter() - start)


async def watch_latency(url: str, writes: int) -> list[float]:
    """Milliseconds from sending a write to reading its event, for single writes one after the other."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    listed = json.loads(await request(reader, writer, "GET", PATH + "?limit=1"))
    watching, asking = await asyncio.open_connection(parts.hostname, parts.port)
    start = listed["metadata"]["resourceVersion"]
    asking.write(f"GET {PATH}?watch=true&resourceVersion={start} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await watching.readuntil(b"\r\n\r\n")
    found = []
    for turn in range(writes):
        body = json.dumps({"metadata": {"name": f"l{turn}"}}).encode()
        began = time.perf_counter()
        answered = asyncio.ensure_future(request(reader, writer, "POST", PATH, body))
        while f'"l{turn}"'.encode() not in await watching.readuntil(b"\n"):
            pass
        found.append((time.perf_counter() - began) * 1000)
        await answered
    asking.close()
    writer.close()
    return found


def sqlite_rate(path: Path, seconds: float) -> float:
    """Commits of one small row a second: what the store is built on."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE log (rv INTEGER PRIMARY KEY, value BLOB)")
    done = 0
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        database.execute("INSERT INTO log VALUES (?, ?)", (done, b"v" * 500))
        done += 1
    database.close()
    return done / seconds


def measure(cluster: RunningCluster, folder: Path) -> dict[str, float]:
    url = cluster.url
    reference = sqlite_rate(folder / "reference.db", 1.0)
    creates = asyncio.run(rate(url, 3.0, ("POST", PATH)))
    latencies = sorted(asyncio.run(watch_latency(url, 300)))
    gets = asyncio.run(rate(url, 2.0, ("GET", f"{PATH}/b0-0")))
    lists = asyncio.run(rate(url, 2.0, ("GET", f"{PATH}?limit=500")))
    return {
        "sqlite commits/s": reference,
        "creates/s": creates,
        "creates per sqlite commit": creates / reference,
        "gets/s": gets,
        "lists of 500/s": lists,
        "write to watch p50 ms": statistics.median(latencies),
        "write to watch p99 ms": latencies[int(len(latencies) * 0.99) - 1],
    }


def test_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_cluster(tmp_path / "data", ["--insecure"]) as cluster:
        figures = measure(cluster, tmp_path)
    with capsys.disabled():
        print()
        for name, value in figures.items():
            print(f"  {name:28} {value:10.1f}" if value >= 1 else f"  {name:28} {value:10.3f}")
    assert figures["creates/s"] > 0
