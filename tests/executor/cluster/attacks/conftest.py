"""A cluster to attack, and a bystander who uses it meanwhile: whatever happens, it must go on being served."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from executor.cluster.testing import RunningCluster, running_cluster
from tests.contract.conftest import Answer, Api, client_of

PATIENCE = 15.0
"""Seconds after which the bystander, and an attacker who waits for his refusal, call it a hang."""
MEGABYTES = 320
"""Resident memory that no attack may take the server beyond."""


class Victim:
    """The server under attack."""

    def __init__(self, cluster: RunningCluster) -> None:
        self.cluster = cluster
        self.client = client_of(cluster.kubeconfig)
        self.client.timeout = httpx.Timeout(PATIENCE)
        self.api = Api(self.client)
        self.token = (cluster.data / "pki" / "admin.token").read_text()
        self.host, _, port = cluster.url.removeprefix("https://").rpartition(":")
        self.port = int(port)

    def connect(self, timeout: float = PATIENCE) -> ssl.SSLSocket:
        """A TLS connection to write odd bytes to."""
        import socket

        context = ssl.create_default_context(cafile=str(self.cluster.data / "pki" / "ca.crt"))
        plain = socket.create_connection((self.host, self.port), timeout)
        return context.wrap_socket(plain, server_hostname=self.host)

    def raw(self, *pieces: bytes) -> bytes:
        """What the server says to these bytes, until it closes the connection."""
        answer = b""
        with self.connect() as connection:
            with contextlib.suppress(OSError):
                for piece in pieces:
                    connection.sendall(piece)
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                while chunk := connection.recv(65536):
                    answer += chunk
        return answer

    def get(self, path: str, **query: str) -> Answer:
        """The answer to a GET whose query is longer than clients make it."""
        asked = f"{path}?{urlencode(query)}"
        head, _, body = self.raw(self.head("GET", asked, "connection: close") + b"\r\n").partition(
            b"\r\n\r\n"
        )
        return Answer(int(head.split(b" ", 2)[1]), json.loads(body), httpx.Headers())

    def head(self, method: str, path: str, *headers: str, token: str | None = None) -> bytes:
        """A request's head, to be ended with an empty line."""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"host: {self.host}",
            f"authorization: Bearer {token or self.token}",
            *headers,
        ]
        return "\r\n".join(lines).encode() + b"\r\n"

    def megabytes(self) -> float:
        """The server's resident memory."""
        status = Path(f"/proc/{self.cluster.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def peak(self) -> float:
        """The most memory that the server ever had."""
        status = Path(f"/proc/{self.cluster.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class Bystander(threading.Thread):
    """Reads one object again and again; remembers what went wrong."""

    def __init__(self, victim: Victim) -> None:
        super().__init__(daemon=True)
        self.client = client_of(victim.cluster.kubeconfig)
        self.client.timeout = httpx.Timeout(PATIENCE)
        self.over = threading.Event()
        self.wrong: list[str] = []
        self.served = 0

    def run(self) -> None:
        while not self.over.is_set():
            try:
                code = self.client.get("/api/v1/namespaces/default").status_code
                if code != 200:
                    self.wrong.append(f"status {code}")
            except httpx.HTTPError as error:
                self.wrong.append(repr(error))
            self.served += 1
            self.over.wait(0.05)
        self.client.close()


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with running_cluster(tmp_path_factory.mktemp("victim") / "data") as cluster:
        yield Victim(cluster)


@pytest.fixture(autouse=True)
def bystander(victim: Victim) -> Iterator[Bystander]:
    one = Bystander(victim)
    one.start()
    yield one
    one.over.set()
    one.join(PATIENCE + 1)
    assert (one.wrong, victim.cluster.process.poll()) == ([], None)
    assert one.served > 0
    assert victim.peak() < MEGABYTES
    log = (victim.cluster.data / "apiserver.log").read_text(errors="replace")
    assert "Traceback" not in log, log[-3000:]


@pytest.fixture
def ns(victim: Victim) -> Iterator[str]:
    """A namespace for one attack."""
    made = victim.api.post("/api/v1/namespaces", {"metadata": {"generateName": "attack-"}})
    name = made.body["metadata"]["name"]
    yield name
    victim.api.delete(f"/api/v1/namespaces/{name}")


def refused(answer: Answer, code: int, text: str) -> None:
    """The answer is a Status of this code, whose message has this text."""
    body: Any = answer.body
    assert (answer.code, body["kind"], body["status"], body["code"]) == (code, "Status", "Failure", code), (
        body
    )
    assert text in body["message"], body["message"]
