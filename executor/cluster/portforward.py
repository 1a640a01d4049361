"""`kubectl port-forward`: connections of the client joined to ports of a pod.

The pods of the embedded cluster have the network of this machine, so a port of a pod is a port on the loopback interface. kubectl
and client-go open a pair of SPDY streams, `data` and `error`, for each connection; the Python client numbers
channels in a WebSocket, two for each port.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Sequence

from executor.cluster import spdy
from executor.cluster.status import bad_request
from executor.cluster.streaming import SpdyLink, WebSocketChannels

HOST = "127.0.0.1"
_CHUNK = 32 * 1024
_MAX_STREAMS = 1024
_BEHIND = 64
"""Chunks that may wait for a pod that does not read; beyond them the client is not read."""


def port_number(text: str) -> int:
    """A port. ApiStatus 400 when it is none."""
    if not text.isdigit() or not 0 < int(text[:6]) < 65536:
        raise bad_request(f"unable to parse {text!r} as a port: it is a number from 1 to 65535")
    return int(text)


def _failed(port: int, error: OSError) -> bytes:
    reason = error.strerror or str(error)
    return f"error forwarding port {port}: cannot connect to {HOST}:{port}: {reason}".encode()


class _Pair:
    """The two streams of one connection, and what the client has sent on it."""

    def __init__(self) -> None:
        self.data = 0
        self.error = 0
        self.inward: asyncio.Queue[bytes] = asyncio.Queue(_BEHIND)


async def serve(link: SpdyLink) -> None:
    """Serve a client until it goes."""
    pairs: dict[str, _Pair] = {}
    by_stream: dict[int, _Pair] = {}
    tasks: set[asyncio.Task[None]] = set()
    try:
        while (event := await link.event()) is not None:
            if isinstance(event, spdy.Opened):
                await _open(link, event, pairs, by_stream, tasks)
            elif isinstance(event, spdy.Data) and event.stream in by_stream:
                pair = by_stream[event.stream]
                if event.stream == pair.data:
                    if event.data:
                        await pair.inward.put(event.data)
                    if event.fin:
                        await pair.inward.put(b"")
            elif isinstance(event, spdy.Reset) and event.stream in by_stream:
                pair = by_stream[event.stream]
                if event.stream == pair.data:
                    await pair.inward.put(b"")
            for number in [number for number, pair in by_stream.items() if pair.data == -1]:
                del by_stream[number]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _open(
    link: SpdyLink,
    event: spdy.Opened,
    pairs: dict[str, _Pair],
    by_stream: dict[int, _Pair],
    tasks: set[asyncio.Task[None]],
) -> None:
    kind, port = event.headers.get("streamtype", ""), event.headers.get("port", "")
    if kind not in ("data", "error") or not port.isdigit() or not 0 < int(port[:6]) < 65536:
        await link.reset(event.stream)
        return
    if len(by_stream) >= _MAX_STREAMS:
        await link.reset(event.stream)
        return
    # Old clients number no requests: there the error stream comes just before its data stream.
    request = event.headers.get("requestid") or str(event.stream - 2 if kind == "data" else event.stream)
    pair = pairs.setdefault(request, _Pair())
    setattr(pair, kind, event.stream)
    by_stream[event.stream] = pair
    await link.accept(event.stream)
    if pair.data and pair.error:
        del pairs[request]
        task = asyncio.ensure_future(_connection(link, pair, int(port)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def _connection(link: SpdyLink, pair: _Pair, port: int) -> None:
    """One connection: from the client's streams to the pod's port and back."""
    try:
        try:
            reader, writer = await asyncio.open_connection(HOST, port)
        except OSError as error:
            await link.data(pair.error, _failed(port, error), fin=True)
            await link.data(pair.data, b"", fin=True)
            return
        inward = asyncio.ensure_future(_inward(pair.inward, writer))
        try:
            with contextlib.suppress(ConnectionError):
                while chunk := await reader.read(_CHUNK):
                    await link.data(pair.data, chunk)
            await link.data(pair.data, b"", fin=True)
            await link.data(pair.error, b"", fin=True)
        finally:
            inward.cancel()
            await asyncio.gather(inward, return_exceptions=True)
            writer.close()
    finally:
        pair.data = -1
        while not pair.inward.empty():  # whoever waits to put something is let go
            pair.inward.get_nowait()


async def _inward(waiting: asyncio.Queue[bytes], writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await waiting.get():
            writer.write(chunk)
            await writer.drain()
        writer.write_eof() if writer.can_write_eof() else writer.close()


async def serve_channels(ports: Sequence[int], channels: WebSocketChannels) -> None:
    """The ports of the query over a WebSocket: channel 2n carries the n-th port's data, 2n + 1 its errors. Each channel begins
    with its port in two bytes, little-endian."""
    writers: dict[int, asyncio.StreamWriter] = {}
    tasks: list[asyncio.Task[None]] = []
    try:
        for number, port in enumerate(ports):
            for channel in (2 * number, 2 * number + 1):
                await channels.send(channel, struct.pack("<H", port))
            try:
                reader, writers[2 * number] = await asyncio.open_connection(HOST, port)
            except OSError as error:
                await channels.send(2 * number + 1, _failed(port, error))
                continue
            tasks.append(asyncio.ensure_future(_to_channel(reader, 2 * number, channels)))
        while (message := await channels.receive()) is not None:
            channel, payload = message
            if channel in writers and payload:
                with contextlib.suppress(ConnectionError):
                    writers[channel].write(payload)
                    await writers[channel].drain()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers.values():
            writer.close()


async def _to_channel(reader: asyncio.StreamReader, channel: int, channels: WebSocketChannels) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            await channels.send(channel, chunk)
