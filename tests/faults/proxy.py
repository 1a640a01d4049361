"""A proxy before a Kubernetes API server that answers some requests wrongly: plain HTTP in front, HTTPS behind."""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3

FAULTS = ("429", "500", "503", "reset-before", "reset-after", "hang", "stale", "truncated", "garbage", "slow")
"""What can be wrong with one answer. reset-after: the request was carried out, its answer is lost. stale: an earlier answer."""

HANG = 2.4


class Proxy:
    """`fault(number, method, path)` names what is wrong with a request ("" for nothing); numbers count from 1."""

    def __init__(self, upstream: str, authority: str) -> None:
        self.upstream = upstream
        self.pool = urllib3.PoolManager(ca_cert_data=authority, maxsize=32)
        self.url = ""
        self.fault: Callable[[int, str, str], str] = lambda *_: ""
        self.requests: list[tuple[str, str]] = []
        self.injected: list[tuple[int, str]] = []
        self._seen: dict[str, tuple[int, bytes]] = {}
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Count from 1 again, with no fault."""
        with self._lock:
            self.requests, self.injected = [], []
            self.fault = lambda *_: ""

    def writes(self) -> list[tuple[str, str]]:
        """The requests that change something, Leases aside."""
        return [
            (method, path)
            for method, path in self.requests
            if method in ("POST", "PUT", "PATCH", "DELETE") and "dryRun" not in path and "/leases" not in path
        ]

    def number(self, method: str, path: str) -> tuple[int, str]:
        with self._lock:
            self.requests.append((method, path))
            number = len(self.requests)
            fault = self.fault(number, method, path)
            if fault:
                self.injected.append((number, fault))
            return number, fault

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Ask the server; (status, body). The answer is kept, for a later stale one."""
        reply = self.pool.request(
            method, self.upstream + path, body=body or None, headers=headers, timeout=20.0, retries=False
        )
        if method == "GET" and reply.status == 200:
            self._seen.setdefault(path, (reply.status, reply.data))
        return reply.status, reply.data

    def stale(self, path: str) -> tuple[int, bytes] | None:
        """The first answer that this path ever had."""
        return self._seen.get(path)


@contextmanager
def faulty(source: Path) -> Iterator[Proxy]:
    """Serve a proxy before the server of a kubeconfig, on a free port."""
    cluster = json.loads(source.read_text())["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    proxy = Proxy(cluster["server"], authority)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = ("authorization", "content-type", "accept")
            headers = {k: v for k, v in self.headers.items() if k.lower() in kept}
            _, fault = proxy.number(self.command, self.path)
            if fault in ("429", "500", "503"):
                return self._say(int(fault), _status(int(fault)), retry="1" if fault == "429" else "")
            if fault == "reset-before":
                return self._reset()
            if fault == "hang":
                time.sleep(HANG)
                return self._reset()
            if fault == "slow":
                time.sleep(0.05)
            old = proxy.stale(self.path) if fault == "stale" and self.command == "GET" else None
            status, data = old or proxy.forward(self.command, self.path, headers, body)
            if fault == "reset-after":
                return self._reset()
            if fault == "garbage":
                return self._say(200, b"<html>sign in</html>")
            return self._say(status, data, cut=fault == "truncated")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do

        def _say(self, status: int, data: bytes, *, retry: str = "", cut: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if retry:
                self.send_header("Retry-After", retry)
            self.end_headers()
            if cut:
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                self._reset()
            else:
                self.wfile.write(data)

        def _reset(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def log_message(self, *_: Any) -> None:
            pass

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                pass

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):
                pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


def kubeconfig(source: Path, url: str, to: Path) -> Path:
    """A copy of a kubeconfig that speaks to `url` instead."""
    data = json.loads(source.read_text())
    data["clusters"][0]["cluster"] = {"server": url}
    to.write_text(json.dumps(data))
    return to


def _status(code: int) -> bytes:
    reason = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}[code]
    return json.dumps(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": "injected", "code": code}
    ).encode()  # fmt: skip
