"""One client connection: bytes in, requests to the API, answers out, within limits of size and time.

uvicorn's server owns sockets and life cycle and speaks WebSocket; this takes the place of its HTTP protocol. It hands whole
requests to the API and writes an answer in one piece, which halves the cost of a small request, and it bounds what a client
can take: bytes of a head, bytes of a body, seconds for either, seconds without reading its answer, connections.
"""

from __future__ import annotations

import asyncio
import logging
import math
import ssl
import types
from collections import deque
from collections.abc import Coroutine, Generator
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, unquote

import httptools
from uvicorn import Config
from uvicorn.server import ServerState

from executor.cluster.http import (
    MAX_BODY,
    SEPARATOR,
    Request,
    Response,
    failure_response,
    too_large,
    warning_header,
)
from executor.cluster.status import ApiStatus, bad_request

log = logging.getLogger("argorun.apiserver")

MAX_HEAD: Final = 256 * 1024
"""Bytes of a request line and its headers. Selectors that list many names are long."""
MAX_RAW: Final = 2 * MAX_BODY + MAX_HEAD
"""Bytes of a whole request as it is sent, chunk heads included."""
HEAD_SECONDS: Final = 10.0
"""How long a request line and headers may take from their first byte, and a new connection until it says something."""
BODY_SECONDS: Final = 60.0
"""How long a body may take."""
IDLE_SECONDS: Final = 120.0
"""How long a connection may stay without a request."""
STALL_SECONDS: Final = 20.0
"""How long a client may leave an answer unread before it is cut off."""
LINGER_SECONDS: Final = 1.0
"""How long a client whose request was refused may take to read that."""
LINGER_BYTES: Final = 16 * 1024 * 1024
"""How much of a body that was refused is taken meanwhile, and thrown away."""
MAX_CONNECTIONS: Final = 10_000
MAX_UNREAD: Final = 256 * 1024 * 1024
"""Bytes that may wait for all clients that do not read, together; beyond them the worst are cut off."""
_WRITE_AHEAD: Final = 256 * 1024
"""Bytes that wait for one reader before a stream is asked to wait too."""
_MAX_WARNINGS: Final = 4096
"""Characters of all warnings of an answer: upstream's limit (apiserver: warning.truncateAtTotalRunes)."""
_PIPELINED: Final = 16
"""Requests that one connection may have waiting; beyond them it is not read."""

_STATUS_LINES: Final = {
    code: f"HTTP/1.1 {code} {HTTPStatus(code).phrase if code in HTTPStatus._value2member_map_ else ''}\r\n".encode()
    for code in range(100, 600)
}


class Api(Protocol):
    """What answers requests."""

    async def answer(self, request: Request) -> Response:
        """The answer to a request: never an exception."""


class Connection(asyncio.Protocol):
    """The protocol of one connection. uvicorn's server makes it; `sweep` must be called about once a second."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.config = config
        self.api: Api = config.loaded_app
        self.state = server_state
        self.app_state = app_state
        self.loop = _loop or asyncio.get_event_loop()
        self.parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.peer: Any = None
        self.deadline = math.inf
        """Loop time at which the connection is closed if nothing changes."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._lines: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._raw = 0
        self._head_size = 0
        self._in_head = True
        self._between = True
        """No byte of a next request has come."""
        self._refused = False
        self._discarded = 0
        self._keep_alive = True
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._stalled_at = 0
        self._secure = False

    # ---- what the transport calls

    def connection_made(self, transport: Any) -> None:
        """A client has connected (and shaken hands)."""
        self.transport = transport
        connections: set[Any] = self.state.connections
        if len(connections) >= MAX_CONNECTIONS:
            transport.abort()
            return
        connections.add(self)
        transport.set_write_buffer_limits(high=_WRITE_AHEAD)
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        self._secure = tls is not None
        self.peer = transport.get_extra_info("peercert") or None
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        self.deadline = self.loop.time() + HEAD_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: whatever is being done for it ends."""
        self.state.connections.discard(self)  # type: ignore[arg-type]
        self.deadline = math.inf
        self._waiting.clear()
        self.resume_writing()
        if self._task is not None:
            self._task.cancel()
        self.parser = None

    def eof_received(self) -> None:
        """The client sends no more; the connection closes."""

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        if self._writable is None:
            self._writable = self.loop.create_future()
            self._stalled_at = self.unread
            self.deadline = self.loop.time() + STALL_SECONDS

    def resume_writing(self) -> None:
        """The client has read most of it."""
        if self._writable is not None:
            if not self._writable.done():
                self._writable.set_result(None)
            self._writable = None
            self.deadline = math.inf if self._busy else self.loop.time() + IDLE_SECONDS

    def shutdown(self) -> None:
        """The server stops: close when idle, else after the answer that is being made."""
        self._keep_alive = False
        if not self._busy and not self.transport.is_closing():
            self.transport.close()

    def overdue(self, now: float) -> None:
        """The deadline has passed: close, unless the client has read some of what waits for it."""
        self.deadline = now + STALL_SECONDS
        left = self.unread
        if left and left < self._stalled_at:
            self._stalled_at = left
        elif self._writable is not None or self.transport.is_closing():
            self.transport.abort()
        elif self._between or self._refused:
            self.transport.close()
        else:
            self._refuse(ApiStatus(408, "Timeout", "the request took too long to arrive"))

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        if self._refused:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self.transport.close()
            return
        if self._between:
            self._between = False
            if not self._busy:
                self.deadline = self.loop.time() + HEAD_SECONDS
        self._raw += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
            return
        except httptools.HttpParserCallbackError as error:
            self._refuse(_reason(error.__context__))
            return
        except httptools.HttpParserError:
            self._refuse(bad_request("malformed HTTP request"))
            return
        if self._raw > (MAX_HEAD if self._in_head else MAX_RAW) and not self._between:
            self._refuse(_too_long() if self._in_head else too_large())

    @property
    def stalled(self) -> bool:
        """Whether the client does not read as fast as we write."""
        return self._writable is not None

    @property
    def unread(self) -> int:
        """Bytes that wait for the client."""
        size: int = self.transport.get_write_buffer_size()
        return size

    # ---- what the parser calls

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers = {}
        self._lines = []
        self._body = bytearray()
        self._head_size = 0
        self._in_head = True
        self._between = False

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url += url
        if len(self._url) > MAX_HEAD:
            raise _too_long()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header. Of those behind the body nothing is taken: they could contradict the head."""
        if not self._in_head:
            return
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD:
            raise _too_long()
        key = name.lower().decode("latin-1")
        text = value.decode("latin-1")
        if key in self._headers:
            if key in ("host", "authorization", "content-type", "content-length", "transfer-encoding"):
                raise bad_request(f"the header {key} is there twice")
            text = f"{self._headers[key]}{SEPARATOR if key.startswith('impersonate-') else ', '}{text}"
        self._headers[key] = text
        self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete: decide whether the body is wanted."""
        self._in_head = False
        headers = self._headers
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise bad_request("HTTP/1.1 is served here")
        if "host" not in headers and self.parser.get_http_version() == "1.1":
            raise bad_request("the header host is missing")
        length = headers.get("content-length", "0")
        if length != "0" and (not length.isdigit() or int(length[:20]) > MAX_BODY):
            raise too_large()
        if "content-length" in headers or "transfer-encoding" in headers:
            if not self._busy:
                self.deadline = self.loop.time() + BODY_SECONDS
            if headers.get("expect", "").lower() == "100-continue" and not self._busy:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body += body
        if len(self._body) > MAX_BODY:
            raise too_large()

    def on_message_complete(self) -> None:
        """The request is complete: answer it, or let it wait for the answer to the one before."""
        self._between = True
        self._raw = 0
        upgrade = self._upgrades()
        if upgrade == "websocket" or self.transport.is_closing():
            return
        request = self._request()
        # Behind a request to upgrade the parser reads no further, also when the upgrade (h2c) is not made.
        keep = self.parser.should_keep_alive() and self.parser.get_http_version() == "1.1" and not upgrade
        if self._busy:
            self._waiting.append((request, keep))
            if len(self._waiting) >= _PIPELINED:
                self.transport.pause_reading()
            return
        self._begin(request, keep)

    def _request(self) -> Request:
        url = httptools.parse_url(self._url)
        path = (url.path or b"/").decode("latin-1")
        if "%" in path:
            path = unquote(path)
        query = dict(parse_qsl(url.query.decode("latin-1"), keep_blank_values=True)) if url.query else {}
        method = self.parser.get_method().decode("latin-1")
        return Request(
            method,
            path,
            query,
            self._headers,
            bytes(self._body),
            peer=self.peer,
            secure=self._secure,
            raw_query=url.query or b"",
            client=self.address,
        )

    # ---- answers

    @property
    def _busy(self) -> bool:
        return self._task is not None

    def _begin(self, request: Request, keep: bool) -> None:
        """Answer a request: at once when the answer is at hand, else in a task."""
        self.deadline = math.inf
        self._keep_alive = self._keep_alive and keep
        work = self._respond(request)
        try:
            pending = work.send(None)
        except StopIteration:
            self._next()
            return
        task = self._task = self.loop.create_task(_resumed(work, pending))
        tasks: set[Any] = self.state.tasks
        tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.state.tasks.discard(task)
        self._task = None
        if task.cancelled():
            self.transport.abort()
        elif error := task.exception():
            log.error("a connection failed", exc_info=error)
            self.transport.abort()
        elif self.parser is not None:
            self._next()

    def _next(self) -> None:
        """After an answer: the request that waits, or time to wait for one."""
        if not self._keep_alive:
            self.transport.close()
            self.deadline = self.loop.time() + STALL_SECONDS
            return
        if self._waiting:
            request, keep = self._waiting.popleft()
            if len(self._waiting) == _PIPELINED - 1:
                self.transport.resume_reading()
            self.loop.call_soon(self._resume_with, request, keep)
        elif self._writable is None:
            self.deadline = self.loop.time() + (IDLE_SECONDS if self._between else HEAD_SECONDS)

    def _resume_with(self, request: Request, keep: bool) -> None:
        if not self.transport.is_closing():
            self._begin(request, keep)

    async def _respond(self, request: Request) -> None:
        response = await self.api.answer(request)
        if self._writable is not None:
            await self._writable
        if response.upgrade is not None:
            await asyncio.sleep(0)
            await self._hand_over(response)
        elif response.stream is None:
            self._write(request, response)
        else:
            await asyncio.sleep(0)  # what follows runs in a task, as whatever waits with a time limit must
            await self._stream(request, response)

    def _head(self, response: Response, warnings: list[str], framing: bytes) -> bytes:
        parts = [
            _STATUS_LINES[response.code],
            b"content-type: ",
            response.content_type.encode(),
            framing,
            b"\r\ncache-control: no-cache, private\r\n",
        ]
        for name, value in response.headers.items():
            parts.append(_one_line(f"{name.lower()}: {value}"))
        room = _MAX_WARNINGS
        for text in warnings:
            room -= len(text)
            if room < 0:
                break
            parts.append(_one_line(f"warning: {warning_header(text)}"))
        parts.append(b"\r\n" if self._keep_alive else b"connection: close\r\n\r\n")
        return b"".join(parts)

    def _write(self, request: Request, response: Response) -> None:
        body = response.body
        head = self._head(response, request.warnings, b"\r\ncontent-length: %d" % len(body))
        if request.method == "HEAD":
            self.transport.write(head)
        elif len(body) < _WRITE_AHEAD:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)

    async def _stream(self, request: Request, response: Response) -> None:
        """Write a stream as it comes, no faster than the client reads."""
        assert response.stream is not None
        chunked = self.parser.get_http_version() == "1.1"
        self._keep_alive = self._keep_alive and chunked
        framing = b"\r\ntransfer-encoding: chunked" if chunked else b""
        # The head goes first: clients wait for it before anything has happened.
        self.transport.write(self._head(response, request.warnings, framing))
        write = self.transport.write
        try:
            async for chunk in response.stream:
                if chunk:
                    write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
                if self._writable is not None:
                    await self._writable
        except OSError as error:
            # The end of the chunks stays out, so that the client knows that the stream is not complete.
            log.warning("%s %s: %s", request.method, request.path, error)
            self._keep_alive = False
            return
        if chunked:
            write(b"0\r\n\r\n")

    def _refuse(self, failure: ApiStatus) -> None:
        """Answer a request that cannot be read, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused, self._keep_alive = True, False
        if self._task is None:
            response = failure_response(failure)
            head = self._head(response, [], b"\r\ncontent-length: %d" % len(response.body))
            self.transport.write(head + response.body)
            # Whoever still sends does not read: he gets a moment to, and is cut off then. A connection that is closed while a body
            # comes is reset, and the answer with it; so the body goes on to be taken for that moment, as far as it is not endless.
            if failure.code != 413:
                self.transport.close()
            self._discarded = 0
            self.deadline = self.loop.time() + LINGER_SECONDS

    # ---- upgrades

    async def _hand_over(self, response: Response) -> None:
        """Answer 101 and let the connection be served as what the client asked for; it is closed at the end."""
        assert response.upgrade is not None
        lines = [_one_line(f"{name}: {value}") for name, value in response.headers.items()]
        self.state.connections.discard(self)  # type: ignore[arg-type]
        self.deadline = math.inf
        reader = asyncio.StreamReader(limit=_WRITE_AHEAD, loop=self.loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self.loop)
        writer = asyncio.StreamWriter(self.transport, protocol, reader, self.loop)
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        self.transport.write(_STATUS_LINES[101] + b"connection: Upgrade\r\n" + b"".join(lines) + b"\r\n")
        try:
            await response.upgrade(reader, writer)
        finally:
            writer.close()

    def _upgrades(self) -> str:
        words = [word.strip() for word in self._headers.get("connection", "").lower().split(",")]
        return self._headers.get("upgrade", "").lower() if "upgrade" in words else ""

    def _upgrade(self) -> None:
        """Hand a WebSocket over to uvicorn. Whether another upgrade is made says the answer to the request."""
        if self._upgrades() != "websocket" or self._busy or self.transport.is_closing():
            return
        self.state.connections.discard(self)  # type: ignore[arg-type]
        self.deadline = math.inf
        lines = [b"%b %b HTTP/1.1\r\n" % (self.parser.get_method(), self._url)]
        lines += [b"%b: %b\r\n" % line for line in self._lines]
        protocol: Any = self.config.ws_protocol_class(  # type: ignore[misc, call-arg]
            config=self.config, server_state=self.state, app_state={**self.app_state, "peer": self.peer}
        )
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.data_received(b"".join(lines) + b"\r\n")


def sweep(connections: set[Any], now: float) -> None:
    """Close connections whose time is up, and those with the most unread bytes when these are too many in all."""
    ours = [one for one in connections if isinstance(one, Connection)]
    for one in ours:
        if one.deadline <= now:
            one.overdue(now)
    unread = [(one.unread, one) for one in ours if one.stalled]
    total = sum(size for size, _ in unread)
    for size, one in sorted(unread, key=lambda pair: -pair[0]):
        if total <= MAX_UNREAD:
            return
        one.transport.abort()
        total -= size


@types.coroutine
def _resumed(work: Coroutine[Any, Any, None], pending: Any) -> Generator[Any, Any, None]:
    """The rest of a coroutine that has run up to its first wait, for a task to go on with."""
    try:
        while True:
            try:
                value = yield pending
            except GeneratorExit:
                raise
            except BaseException as error:
                pending = work.throw(error)
            else:
                pending = work.send(value)
    except StopIteration:
        return
    finally:
        work.close()


def _reason(cause: BaseException | None) -> ApiStatus:
    """What a callback of the parser stumbled over."""
    if isinstance(cause, ApiStatus):
        return cause
    if not isinstance(cause, httptools.HttpParserError):
        log.error("a request could not be taken", exc_info=cause)
    return bad_request("malformed HTTP request")


def _one_line(text: str) -> bytes:
    """A header line; nothing in it can begin another."""
    return text.replace("\r", " ").replace("\n", " ").encode("utf-8", "replace") + b"\r\n"


def _too_long() -> ApiStatus:
    return ApiStatus(431, "RequestHeaderFieldsTooLarge", f"Request header too large: limit is {MAX_HEAD}")
