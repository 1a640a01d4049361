"""Limits of time of a connection, on a transport and a clock of the test's own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from executor.cluster.http import Request, Response
from executor.cluster.protocol import (
    BODY_SECONDS,
    HEAD_SECONDS,
    IDLE_SECONDS,
    LINGER_BYTES,
    LINGER_SECONDS,
    MAX_UNREAD,
    STALL_SECONDS,
    Connection,
    sweep,
)

GET = b"GET /x HTTP/1.1\r\nhost: h\r\n\r\n"


class Transport(asyncio.Transport):
    """Keeps what is written; `unread` bytes wait for a client who does not read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unread = 0
        self.end = ""

    def write(self, data: Any) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return bool(self.end)

    def close(self) -> None:
        self.end = self.end or "closed"

    def abort(self) -> None:
        self.end = "aborted"

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    @property
    def codes(self) -> list[bytes]:
        """Status codes of the answers so far."""
        return re.findall(rb"HTTP/1\.1 (\d+)", self.written)


class Api:
    """Answers `ok`, or what the path asks for."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.ended = 0

    async def answer(self, request: Request) -> Response:
        self.bodies.append(request.body)
        if request.path == "/stream":
            return Response(200, stream=self.stream())
        if request.path == "/slow":
            await asyncio.sleep(0)
        return Response(200, b"ok", "text/plain")

    async def stream(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"event\n"
                await asyncio.sleep(0)
        finally:
            self.ended += 1


class World:
    """One server's connections."""

    def __init__(self) -> None:
        self.api = Api()
        app: Any = self.api
        config = uvicorn.Config(app, interface="asgi3", proxy_headers=False, lifespan="off", log_config=None)
        config.load()
        self.config = config
        self.state = ServerState()
        self.loop = asyncio.get_running_loop()

    def connect(self) -> tuple[Connection, Transport]:
        one, transport = Connection(self.config, self.state, {}, self.loop), Transport()
        one.connection_made(transport)
        return one, transport

    def after(self, seconds: float) -> None:
        """What is done about time when this much has passed."""
        sweep(self.state.connections, self.loop.time() + seconds)


def in_loop(work: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await work(World())

    asyncio.run(run())


def test_a_connection_that_says_nothing() -> None:
    async def work(world: World) -> None:
        _, transport = world.connect()
        world.after(HEAD_SECONDS - 1)
        assert transport.end == ""
        world.after(HEAD_SECONDS + 1)
        assert (transport.end, transport.written) == ("closed", b"")

    in_loop(work)


def test_a_head_that_drips() -> None:
    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(GET[:10])
        for at in range(10, 20):
            one.data_received(GET[at : at + 1])
        world.after(HEAD_SECONDS + 1)
        assert (transport.end, transport.codes) == ("closed", [b"408"])
        one.data_received(GET)
        assert transport.codes == [b"408"]

    in_loop(work)


def test_a_body_that_drips() -> None:
    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(b"POST /x HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n")
        world.after(HEAD_SECONDS + 1)
        assert transport.end == ""
        one.data_received(b"x")
        world.after(BODY_SECONDS + 1)
        assert (transport.end, transport.codes, world.api.bodies) == ("closed", [b"408"], [])

    in_loop(work)


def test_a_connection_between_requests() -> None:
    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(GET)
        assert (transport.codes, transport.end) == ([b"200"], "")
        world.after(IDLE_SECONDS - 1)
        one.data_received(GET)
        world.after(IDLE_SECONDS - 1)
        assert (transport.codes, transport.end) == ([b"200", b"200"], "")
        world.after(IDLE_SECONDS + 1)
        assert transport.end == "closed"
        world.after(IDLE_SECONDS + STALL_SECONDS + 2)
        assert transport.end == "aborted"

    in_loop(work)


def test_a_client_that_does_not_read_is_cut_off_and_one_that_reads_slowly_is_not() -> None:
    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(b"GET /stream HTTP/1.1\r\nhost: h\r\n\r\n")
        await asyncio.sleep(0.01)
        transport.unread = 300_000
        one.pause_writing()
        await asyncio.sleep(0.01)
        paused = len(transport.written)
        await asyncio.sleep(0.01)
        assert len(transport.written) == paused
        transport.unread = 200_000
        world.after(STALL_SECONDS + 1)
        assert transport.end == ""
        world.after(2 * STALL_SECONDS + 2)
        assert transport.end == "aborted"
        one.connection_lost(None)
        await asyncio.sleep(0.01)
        assert (world.api.ended, world.state.connections, world.state.tasks) == (1, set(), set())

    in_loop(work)


def test_the_worst_of_many_that_do_not_read_are_cut_off_first() -> None:
    async def work(world: World) -> None:
        pairs = [world.connect() for _ in range(4)]
        for number, (one, transport) in enumerate(pairs):
            one.data_received(GET)
            transport.unread = MAX_UNREAD // 4 + number * 1024
            one.pause_writing()
        world.after(0)
        assert [transport.end for _, transport in pairs] == ["", "", "", "aborted"]

    in_loop(work)


def test_requests_in_a_row_are_answered_in_order_and_bounded() -> None:
    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(b"GET /slow HTTP/1.1\r\nhost: h\r\n\r\n" * 10 + GET)
        assert transport.codes == []
        for _ in range(50):
            await asyncio.sleep(0)
        assert transport.codes == [b"200"] * 11
        one.data_received(b"GET /x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n" + GET)
        assert (len(transport.codes), transport.end) == (12, "closed")

    in_loop(work)


def test_a_client_that_leaves_ends_what_is_done_for_it() -> None:
    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(b"GET /stream HTTP/1.1\r\nhost: h\r\n\r\n")
        await asyncio.sleep(0.01)
        assert transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
        one.connection_lost(ConnectionResetError())
        await asyncio.sleep(0.01)
        assert (world.api.ended, world.state.tasks) == (1, set())

    in_loop(work)


def test_http_1_0_gets_no_chunks() -> None:
    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(b"GET /stream HTTP/1.0\r\n\r\n")
        await asyncio.sleep(0.01)
        head, _, body = transport.written.partition(b"\r\n\r\n")
        assert b"chunked" not in head
        assert body.startswith(b"event\nevent\n")
        one.shutdown()
        one.connection_lost(None)
        await asyncio.sleep(0.01)

    in_loop(work)


def test_head_has_no_body() -> None:
    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(b"HEAD /x HTTP/1.1\r\nhost: h\r\n\r\n")
        assert b"content-length: 2\r\n" in transport.written
        assert transport.written.endswith(b"\r\n\r\n")

    in_loop(work)


def test_a_body_that_is_too_large_is_taken_for_a_moment_so_that_the_answer_is_read() -> None:
    head = b"POST /x HTTP/1.1\r\nhost: h\r\ncontent-length: 99999999\r\n\r\n"

    async def work(world: World) -> None:
        one, transport = world.connect()
        one.data_received(head + b"x" * 1000)
        assert (transport.codes, transport.end) == ([b"413"], "")
        one.data_received(GET)  # what comes now is the body, whatever it looks like
        assert (transport.codes, world.api.bodies, transport.end) == ([b"413"], [], "")
        world.after(LINGER_SECONDS + 1)
        assert transport.end == "closed"

        one, transport = world.connect()
        one.data_received(head)
        for _ in range(LINGER_BYTES // 1_000_000 + 1):
            one.data_received(b"x" * 1_000_000)
        assert (transport.codes, transport.end) == ([b"413"], "closed")

    in_loop(work)
