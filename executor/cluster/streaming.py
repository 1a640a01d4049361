"""The connections of streaming requests (exec, attach, port-forward), whichever way a client opens them.

A client upgrades to SPDY/3.1, or to a WebSocket whose messages begin with a channel's number, or (port-forward) to a WebSocket
that carries SPDY. `Channels` are the numbered streams of exec and attach over either; `Link` carries SPDY's bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from executor.cluster import execwire, spdy
from executor.cluster.http import Receive, Scope, Send
from executor.cluster.status import bad_request

CHANNEL_PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
"""What exec and attach speak over WebSocket, the preferred first."""
SPDY_PROTOCOL: Final = "v4.channel.k8s.io"
"""What exec and attach speak over SPDY."""
FORWARD_PROTOCOL: Final = "portforward.k8s.io"
TUNNEL_PROTOCOL: Final = f"SPDY/3.1+{FORWARD_PROTOCOL}"
_OPENING: Final = 30.0
"""Seconds that a client may take to open the streams that it announced."""
_LEAVING: Final = 5.0
"""Seconds that a client gets to take what was sent before the connection is closed."""


class Channels(Protocol):
    """Numbered streams between a client and a command, as `execwire` numbers them."""

    async def receive(self) -> tuple[int, bytes] | None:
        """The next bytes of the client: their channel and they; None when it has gone."""

    async def send(self, channel: int, payload: bytes) -> None:
        """Bytes for the client."""

    async def close(self) -> None:
        """Nothing more will be sent."""


class Link(Protocol):
    """A stream of bytes in both directions."""

    async def read(self) -> bytes:
        """Some bytes; none at the end."""

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the peer does not read."""

    async def close(self) -> None:
        """End the connection."""


class SocketLink:
    """A connection that was upgraded."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(64 * 1024)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()


class WebSocketLink:
    """SPDY inside the binary messages of a WebSocket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._open = True

    async def read(self) -> bytes:
        while self._open:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._open = False
            elif data := message.get("bytes"):
                return bytes(data)
        return b""

    async def write(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": data})

    async def close(self) -> None:
        if self._open:
            self._open = False
            with contextlib.suppress(RuntimeError):
                await self._send({"type": "websocket.close", "code": 1000})


class SpdyLink:
    """SPDY on a Link: events in, frames out, pings answered."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._decoder = spdy.Decoder()
        self._encoder = spdy.Encoder()
        self._ready: deque[spdy.Event] = deque()
        self.last = 0

    async def event(self) -> spdy.Event | None:
        """What the client does next; None when it has gone, or speaks something else."""
        while not self._ready:
            data = await self._link.read()
            if not data:
                return None
            try:
                self._ready.extend(self._decoder.feed(data))
            except spdy.SpdyError:
                return None
        event = self._ready.popleft()
        if isinstance(event, spdy.Ping):
            await self._link.write(event.frame)
            return await self.event()
        if isinstance(event, spdy.Opened):
            self.last = event.stream
        return event

    async def accept(self, stream: int) -> None:
        """Answer that a stream is open."""
        await self._link.write(self._encoder.reply(stream))

    async def data(self, stream: int, payload: bytes, *, fin: bool = False) -> None:
        """Send bytes on a stream."""
        await self._link.write(self._encoder.data(stream, payload, fin=fin))

    async def reset(self, stream: int) -> None:
        """Refuse a stream, or give it up."""
        await self._link.write(self._encoder.reset(stream))

    async def close(self) -> None:
        """Say that this is the end, let the client take what was sent, and close."""
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await self._link.write(self._encoder.go_away(self.last))
            async with asyncio.timeout(_LEAVING):
                while await self.event() is not None:
                    pass
        await self._link.close()


class SpdyChannels:
    """The streams of exec and attach over SPDY."""

    def __init__(self, link: SpdyLink, streams: Mapping[int, int]) -> None:
        self._link = link
        self._channels = dict(streams)
        self._streams = {channel: stream for stream, channel in streams.items()}

    async def receive(self) -> tuple[int, bytes] | None:
        while True:
            event = await self._link.event()
            if event is None or isinstance(event, spdy.Gone):
                return None
            if not isinstance(event, spdy.Data) or event.stream not in self._channels:
                continue
            channel = self._channels[event.stream]
            if event.data:
                if event.fin:
                    self._link._ready.appendleft(event._replace(data=b""))
                return channel, event.data
            if event.fin and channel == execwire.STDIN:
                return execwire.CLOSE, bytes([execwire.STDIN])

    async def send(self, channel: int, payload: bytes) -> None:
        stream = self._streams.get(channel)
        if stream is not None:
            await self._link.data(stream, payload, fin=channel == execwire.ERROR)

    async def close(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            for channel in (execwire.STDOUT, execwire.STDERR):
                if channel in self._streams:
                    await self._link.data(self._streams[channel], b"", fin=True)
        await self._link.close()


_TYPES: Final = {
    "error": execwire.ERROR,
    "stdin": execwire.STDIN,
    "stdout": execwire.STDOUT,
    "stderr": execwire.STDERR,
    "resize": execwire.RESIZE,
}


async def spdy_channels(link: SpdyLink, wanted: set[int]) -> SpdyChannels | None:
    """Wait until the client has opened these channels; None when it does not."""
    streams: dict[int, int] = {}
    try:
        async with asyncio.timeout(_OPENING):
            while wanted - set(streams.values()):
                event = await link.event()
                if event is None:
                    return None
                if isinstance(event, spdy.Opened):
                    channel = _TYPES.get(event.headers.get("streamtype", ""))
                    if channel is None:
                        await link.reset(event.stream)
                        continue
                    streams[event.stream] = channel
                    await link.accept(event.stream)
    except TimeoutError:
        return None
    return SpdyChannels(link, streams)


class WebSocketChannels:
    """Channels over a WebSocket: the first byte of a message is its channel."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._open = True

    async def receive(self) -> tuple[int, bytes] | None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._open = False
                return None
            payload = message.get("bytes") or (message.get("text") or "").encode()
            if payload:
                return payload[0], payload[1:]

    async def send(self, channel: int, payload: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": bytes([channel]) + payload})

    async def close(self) -> None:
        if self._open:
            with contextlib.suppress(RuntimeError):
                await self._send({"type": "websocket.close", "code": 1000})


def offered(scope: Scope, protocols: Sequence[str], what: str) -> str:
    """The WebSocket protocol to speak. ApiStatus 400 when the client knows none of ours."""
    for protocol in protocols:
        if protocol in (scope.get("subprotocols") or ()):
            return protocol
    raise bad_request(f"{what} needs one of the WebSocket protocols {', '.join(protocols)}")
