"""Webhook receivers: a proven request wakes the poller, and that is all it does; nothing that it says is believed.

Proofs as the senders document them. GitHub, Gitea, Bitbucket and generic: HMAC-SHA256 of the body. GitLab: its secret token,
or its signature over id, time and body (standardwebhooks.com).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from argolint.errors import UserError
from reconciler.opsconfig import Receiver, address

MAX_BODY = 1 << 20
READ_TIMEOUT = 10.0
REPLAY_WINDOW = 300.0
KEPT_DELIVERIES = 1024
MAX_PARALLEL = 16
RATE = 60
"""Requests a minute from one peer."""

_SIGNATURES = {
    "github": "x-hub-signature-256",
    "gitea": "x-gitea-signature",
    "bitbucket": "x-hub-signature",
    "generic": "x-signature",
}
_DELIVERIES = ("x-github-delivery", "x-gitea-delivery", "x-request-uuid", "x-gitlab-event-uuid", "webhook-id")

Wake = Callable[[tuple[str, ...]], None]
Log = Callable[..., None]


def refusal(kind: str, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """Why a request proves nothing, "" when it is proven. Header names are lower case; `now` in seconds since 1970."""
    if kind == "gitlab":
        return _gitlab(secret, headers, body, now)
    name = _SIGNATURES[kind]
    given = headers.get(name, "")
    if not given:
        return f"no {name}"
    return (
        "" if _same(given.removeprefix("sha256="), _hmac(secret.encode(), body).hex()) else "wrong signature"
    )


def _gitlab(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    signatures = headers.get("webhook-signature", "")
    if not signatures:
        token = headers.get("x-gitlab-token", "")
        return "" if token and _same(token, secret) else "wrong token" if token else "no x-gitlab-token"
    when = headers.get("webhook-timestamp", "")
    if not when.isdigit() or abs(now - int(when)) > REPLAY_WINDOW:
        return "old timestamp"
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = secret.encode()
    signed = f"{headers.get('webhook-id', '')}.{when}.".encode() + body
    wanted = base64.b64encode(_hmac(key, signed)).decode()
    good = [_same(part.removeprefix("v1,"), wanted) for part in signatures.split()]
    return "" if any(good) else "wrong signature"


def _hmac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode("utf-8", "replace"), b.encode("utf-8", "replace"))


class Desk:
    """Decides about requests: who may wake what. `count(receiver, result)` is told of each."""

    def __init__(
        self,
        receivers: tuple[Receiver, ...],
        wake: Wake,
        log: Log,
        count: Callable[[str, str], None] = lambda *_: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._receivers = {r.name: r for r in receivers}
        self._wake, self._log, self._count, self._clock = wake, log, count, clock
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._peers: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def limited(self, peer: str) -> bool:
        """Whether a peer asks too often."""
        minute = int(self._clock() // 60)
        with self._lock:
            if len(self._peers) > 4096:
                self._peers = {p: v for p, v in self._peers.items() if v[0] == minute}
            when, number = self._peers.get(peer, (minute, 0))
            number = number + 1 if when == minute else 1
            self._peers[peer] = (minute, number)
        return number > RATE

    def known(self, path: str) -> Receiver | None:
        """The receiver that a path names."""
        return self._receivers.get(path.removeprefix("/hook/")) if path.startswith("/hook/") else None

    def decide(self, receiver: Receiver, headers: Mapping[str, str], body: bytes, peer: str) -> int:
        """The HTTP status of a request; a good one wakes."""
        try:
            why = refusal(receiver.type, receiver.secret.read(), headers, body, self._clock())
        except UserError as error:
            self._log("webhook-error", receiver=receiver.name, message=error.message)
            return 503
        if why:
            self._count(receiver.name, "refused")
            self._log("webhook-refused", receiver=receiver.name, reason=why, peer=peer)
            return 401
        delivery = next((headers[h] for h in _DELIVERIES if headers.get(h)), "")
        if delivery and self._repeated(receiver.name, delivery):
            self._count(receiver.name, "duplicate")
            return 202
        self._count(receiver.name, "accepted")
        self._log("webhook", receiver=receiver.name)
        self._wake(receiver.sources)
        return 202

    def _repeated(self, receiver: str, delivery: str) -> bool:
        key = (receiver, delivery[:200])
        with self._lock:
            if key in self._seen:
                return True
            self._seen[key] = None
            while len(self._seen) > KEPT_DELIVERIES:
                self._seen.popitem(last=False)
        return False


def serve(listen: str, desk: Desk) -> ThreadingHTTPServer:
    """Listen in a thread of its own until `shutdown`. Raises UserError when the address cannot be had."""
    slots = threading.BoundedSemaphore(MAX_PARALLEL)

    class Handler(BaseHTTPRequestHandler):
        timeout = READ_TIMEOUT
        server_version, sys_version = "argosync", ""

        def do_POST(self) -> None:
            self._say(self._status())

        def do_GET(self) -> None:
            self._say(200 if self.path == "/healthz" else 404)

        def _status(self) -> int:
            peer = self.client_address[0]
            if desk.limited(peer):
                return 429
            receiver = desk.known(self.path)
            size = self.headers.get("Content-Length", "")
            if receiver is None:
                return 404
            if not size.isdigit():
                return 411
            if int(size) > MAX_BODY:
                return 413
            if not slots.acquire(blocking=False):
                return 503
            try:
                body = self._read(int(size))
                if body is None:
                    return 408
                headers = {k.lower(): v for k, v in self.headers.items()}
                return desk.decide(receiver, headers, body, peer)
            finally:
                slots.release()

        def _read(self, size: int) -> bytes | None:
            """The body, or None when it does not come whole in time; each byte of a trickle does not start the time anew."""
            deadline = time.monotonic() + READ_TIMEOUT
            data = b""
            while len(data) < size:
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self.connection.settimeout(left)
                try:
                    part = self.rfile.read1(min(65536, size - len(data)))
                except OSError:
                    return None
                if not part:
                    return None
                data += part
            return data

        def _say(self, status: int) -> None:
            self.close_connection = True
            try:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")
                self.end_headers()
            except OSError:
                pass

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A peer that goes away is no news."""

    try:
        server = Server(address(listen), Handler)
    except OSError as error:
        raise UserError(
            f"webhooks: {listen}: {error.strerror}", "choose another address", exit_code=1
        ) from error
    threading.Thread(target=server.serve_forever, name="webhooks", daemon=True).start()
    return server
