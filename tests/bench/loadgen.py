"""A load generator for a Kubernetes API: raw sockets and TLS in a process of its own, so that it is not what is measured.

`python -m tests.bench.loadgen` reads a Plan as JSON from standard input and prints what it measured as JSON. Each figure
comes with `busy`, the share of one processor that the generator itself took.
"""

from __future__ import annotations

import json
import re
import select
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: (\d+)", re.I)
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')
_KEPT = 65_536
"""Bytes of an answer that are kept; the others are only counted."""
REPO = Path(__file__).resolve().parents[2]


@dataclass
class Plan:
    """What to measure, and where."""

    url: str
    token: str
    namespace: str
    ca: str = ""
    """The server's CA in PEM; empty does without verification."""
    work: str = "get"
    """One of `WORKS`."""
    connections: int = 16
    seconds: float = 2.0
    count: int = 0
    """Requests in all; with 0, as many as fit into `seconds`."""
    watchers: int = 100
    prefix: str = "b"


class Connection:
    """One TLS connection; requests are written and answers read by hand."""

    def __init__(self, plan: Plan) -> None:
        parts = urlsplit(plan.url)
        assert parts.hostname is not None
        plain = socket.create_connection((parts.hostname, parts.port or 443), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket: Any = plain
        if parts.scheme == "https":
            context = ssl.create_default_context(cadata=plan.ca or None)
            if not plan.ca:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["http/1.1"])
            self.socket = context.wrap_socket(plain, server_hostname=parts.hostname)
        self.host = parts.netloc
        self.token = plan.token
        self.buffer = b""
        self.rest = -1
        """Bytes of the answer that are still to come; -1 while its head is not complete."""

    def send(self, method: str, path: str, body: bytes = b"") -> None:
        """Write one request."""
        self.buffer, self.rest = b"", -1
        self.socket.sendall(
            f"{method} {path} HTTP/1.1\r\nhost: {self.host}\r\nauthorization: Bearer {self.token}\r\n"
            f"accept: application/json\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def feed(self) -> bool:
        """Read what is there; whether the answer is complete. Answers without a length (chunked) end with an empty chunk."""
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        if self.rest == -1:
            self.buffer += chunk
            head, end, body = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return False
            if head[9:10] != b"2":
                raise RuntimeError(self.buffer[:2000].decode(errors="replace"))
            length = _LENGTH.search(head)
            if length is None:
                self.rest = -2
                return self.buffer.endswith(b"0\r\n\r\n")
            self.rest = int(length[1]) - len(body)
        elif self.rest == -2:
            self.buffer = self.buffer[-16:] + chunk
            return self.buffer.endswith(b"0\r\n\r\n")
        else:
            self.rest -= len(chunk)
            if len(self.buffer) < _KEPT:
                self.buffer += chunk
        return self.rest <= 0

    def ask(self, method: str, path: str, body: bytes = b"") -> None:
        """One request and its whole answer."""
        self.send(method, path, body)
        while not self.feed():
            pass

    def more(self) -> bool:
        """Whether decrypted bytes wait that a poll of the socket would not tell of."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0


def path_of(plan: Plan) -> str:
    """Where the ConfigMaps of the load are."""
    return f"/api/v1/namespaces/{plan.namespace}/configmaps"


def config_map(name: str) -> bytes:
    """A ConfigMap of 100 bytes of data."""
    return json.dumps({"metadata": {"name": name}, "data": {"k": "v" * 100}}).encode()


def saturate(plan: Plan, request: Callable[[int], tuple[str, str, bytes]]) -> dict[str, Any]:
    """Keep every connection busy with one request at a time; `request` makes the n-th."""
    found = [Connection(plan) for _ in range(plan.connections)]
    poll = select.epoll()
    by_number = {one.socket.fileno(): one for one in found}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    sent = done = 0
    took: list[float] = []
    began = {}
    start, busy = time.perf_counter(), time.process_time()
    end = start + plan.seconds

    def next_request(one: Connection) -> None:
        nonlocal sent
        if (plan.count and sent >= plan.count) or (not plan.count and time.perf_counter() >= end):
            return
        began[one] = time.perf_counter()
        one.send(*request(sent))
        sent += 1

    for one in found:
        next_request(one)
    while done < sent:
        for number, _ in poll.poll():
            one = by_number[number]
            complete = one.feed()
            while not complete and one.more():
                complete = one.feed()
            if complete:
                done += 1
                took.append(time.perf_counter() - began[one])
                next_request(one)
    seconds = time.perf_counter() - start
    return {
        "rate": done / seconds,
        "p99": quantile(took, 0.99),
        "busy": (time.process_time() - busy) / seconds,
    }


def quantile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed, in milliseconds from seconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def creates(plan: Plan) -> dict[str, Any]:
    """ConfigMaps made a second, each acknowledged."""
    return saturate(plan, lambda n: ("POST", path_of(plan), config_map(f"{plan.prefix}{n:06}")))


def updates(plan: Plan) -> dict[str, Any]:
    """Merge patches a second on 1,000 ConfigMaps that are there."""

    def request(n: int) -> tuple[str, str, bytes]:
        return (
            "PUT",
            f"{path_of(plan)}/{plan.prefix}{n % 1000:06}",
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": f"{plan.prefix}{n % 1000:06}"},
                    "data": {"turn": str(n)},
                }
            ).encode(),
        )

    return saturate(plan, request)


def gets(plan: Plan) -> dict[str, Any]:
    """Reads of single ConfigMaps a second."""
    return saturate(plan, lambda n: ("GET", f"{path_of(plan)}/{plan.prefix}{n % 1000:06}", b""))


def lists(plan: Plan) -> dict[str, Any]:
    """Milliseconds of a whole list, from the request to its last byte, one after the other."""
    one = Connection(plan)
    took = []
    start, busy = time.perf_counter(), time.process_time()
    for _ in range(plan.count or 20):
        began = time.perf_counter()
        one.ask("GET", path_of(plan))
        took.append(time.perf_counter() - began)
    seconds = time.perf_counter() - start
    return {
        "p50": quantile(took, 0.5),
        "p99": quantile(took, 0.99),
        "busy": (time.process_time() - busy) / seconds,
    }


def watches(plan: Plan) -> dict[str, Any]:
    """Milliseconds from sending a write to each watcher's having read its event; one write at a time."""
    writer = Connection(plan)
    writer.send("GET", path_of(plan) + "?limit=1")
    while not writer.feed():
        pass
    version = _VERSION.search(writer.buffer)
    assert version is not None, writer.buffer
    where = f"{path_of(plan)}?watch=true&resourceVersion={version[1].decode()}"
    poll = select.epoll()
    by_number: dict[int, Connection] = {}
    for _ in range(plan.watchers):
        one = Connection(plan)
        one.send("GET", where)
        by_number[one.socket.fileno()] = one
        poll.register(one.socket.fileno(), select.EPOLLIN)
    poll.register(writer.socket.fileno(), select.EPOLLIN)
    time.sleep(1.0)
    took: list[float] = []
    start, busy = time.perf_counter(), time.process_time()
    for turn in range(plan.count or 200):
        name = f"{plan.prefix}w{turn:06}"
        mark = f'"name":"{name}"'.encode()
        began = time.perf_counter()
        writer.send("POST", path_of(plan), config_map(name))
        waiting, answered = set(by_number), False
        tails = dict.fromkeys(by_number, b"")
        while waiting or not answered:
            for number, _ in poll.poll():
                if number == writer.socket.fileno():
                    answered = writer.feed() or answered
                    continue
                one = by_number[number]
                tails[number] += one.socket.recv(1 << 16)
                while one.more():
                    tails[number] += one.socket.recv(1 << 16)
                if number in waiting and mark in tails[number]:
                    waiting.discard(number)
                    took.append(time.perf_counter() - began)
    seconds = time.perf_counter() - start
    return {
        "p50": quantile(took, 0.5),
        "p99": quantile(took, 0.99),
        "busy": (time.process_time() - busy) / seconds,
    }


WORKS: dict[str, Callable[[Plan], dict[str, Any]]] = {
    "create": creates,
    "update": updates,
    "get": gets,
    "list": lists,
    "watch": watches,
}


def measure(plan: Plan) -> dict[str, Any]:
    """Run a plan in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.loadgen"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        cwd=REPO,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def megabytes(pids: list[int]) -> float:
    """The resident memory of processes, in MB."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in status) / 1024


def main() -> None:
    """Run the plan on standard input."""
    plan = Plan(**json.load(sys.stdin))
    print(json.dumps(WORKS[plan.work](plan)))


if __name__ == "__main__":
    main()
