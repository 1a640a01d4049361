"""Clients that are slow on purpose, and many at once. What takes long goes on at the same time."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from tests.executor.cluster.attacks.conftest import PATIENCE, Victim

pytestmark = pytest.mark.slow

MAPS = "/api/v1/namespaces/default/configmaps"


def ended(connection: ssl.SSLSocket, seconds: float) -> bool:
    """Whether the server ends the connection within this time; what it says first is read."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def held_by_server(victim: Victim, connection: ssl.SSLSocket) -> bool:
    """Whether the server still has its end of a connection open: then that socket belongs to a process."""
    ports = f"{victim.port:04X}", f"{connection.getsockname()[1]:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[1].rpartition(":")[2], fields[2].rpartition(":")[2]) == ports:
            return fields[9] != "0"
    return False


@pytest.mark.skipif(
    os.environ.get("CLUSTER_FAULTS") != "full", reason="half a minute of waiting: make cluster-faults"
)
def test_slow_clients_are_cut_off_and_all_others_served(victim: Victim) -> None:
    heads, bodies, silent = [], [], []
    for number in range(60):
        one = victim.connect()
        if number % 3 == 0:
            one.sendall(b"GET /version HTTP/1.1\r\nhost: x\r\nx: ")
            heads.append(one)
        elif number % 3 == 1:
            silent.append(one)
        else:
            one.sendall(victim.head("POST", MAPS, "content-length: 1000") + b"\r\n{")
            bodies.append(one)
    plain = [
        socket.create_connection((victim.host, victim.port)) for _ in range(20)
    ]  # no TLS handshake at all

    # Meanwhile a watcher that never reads, of objects that change all the time.
    watcher = victim.connect()
    watcher.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    watcher.sendall(victim.head("GET", f"{MAPS}?watch=true") + b"\r\n")
    before = victim.megabytes()
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while written < 1_000 or (not stop.wait(0.01) and written < 5_000):
            body = {"metadata": {"name": "busy"}, "data": {"k": "x" * 50_000, "n": str(written)}}
            victim.api.put(f"{MAPS}/busy", body)
            written += 1

    victim.api.post(MAPS, {"metadata": {"name": "busy"}})
    writer = threading.Thread(target=write)
    writer.start()
    try:
        # Drip into the heads: a byte now and then does not help.
        for _ in range(5):
            stop.wait(1)
            for one in heads:
                with contextlib.suppress(OSError):
                    one.sendall(b"a")
        assert [ended(one, 12) for one in (*heads, *silent)] == [True] * 40
        assert [one.recv(10) for one in plain] == [b""] * 20
        # The watcher is cut off though it reads nothing; reading the rest would show it too, at its pace.
        deadline = time.monotonic() + 60
        while held_by_server(victim, watcher) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not held_by_server(victim, watcher)
    finally:
        stop.set()
        writer.join()
    assert written >= 1_000  # more than the history holds
    assert victim.megabytes() - before < 160
    for one in (*bodies, *plain):
        one.close()
    assert victim.api.delete(f"{MAPS}/busy").code == 200


def test_many_watchers_at_once(victim: Victim) -> None:
    """Three hundred, each of whom gets the event; then all leave at once and nothing of them stays."""
    files = Path(f"/proc/{victim.cluster.process.pid}/fd")
    before = len(list(files.iterdir()))
    start = victim.api.get(MAPS).body["metadata"]["resourceVersion"]
    watchers = [victim.connect() for _ in range(300)]
    for one in watchers:
        one.sendall(victim.head("GET", f"{MAPS}?watch=true&resourceVersion={start}") + b"\r\n")
    assert victim.api.post(MAPS, {"metadata": {"name": "seen"}}).code == 201
    for one in watchers:
        text = b""
        while b'"name":"seen"' not in text:
            text += one.recv(65536)
        line = text[text.index(b"{") :].splitlines()[0]
        assert json.loads(line)["type"] == "ADDED"
        one.close()
    assert victim.api.delete(f"{MAPS}/seen").code == 200
    deadline = time.monotonic() + PATIENCE
    while len(list(files.iterdir())) > before + 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(list(files.iterdir())) <= before + 5
