"""SPDY/3.1 as Kubernetes' streaming requests use it: frames in, frames out, no I/O.

`kubectl exec` before 1.31, client-go's `NewSPDYExecutor` and every `kubectl port-forward` (in a WebSocket since 1.31) speak it.
Source: the SPDY draft 3.1. Flow control is left out, as the library of Kubernetes does.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_NAMES: Final = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow"
    " authorization cache-control connection content-base content-encoding content-language content-length content-location"
    " content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match"
    " if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range"
    " referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get"
    " status|200 OK|version|HTTP/1.1|url public set-cookie keep-alive origin"
)
_TAIL: Final = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative"
    " Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal"
    " Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon,"
    " Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,"
    "text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _dictionary() -> bytes:
    """The words that both sides' compression of headers begins with: each with its length, then a text without lengths."""
    head, ok, version, http, rest = _NAMES.split("|")
    words = [*head.split(), ok, version, http, *rest.split()]
    return b"".join(struct.pack(">I", len(word)) + word.encode() for word in words) + _TAIL.encode()


DICTIONARY: Final = _dictionary()

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
_FIN: Final = 1
_HEAD: Final = struct.Struct(">IB3s")
MAX_FRAME: Final = 1 << 20
MAX_HEADERS: Final = 64 * 1024
CANCEL: Final = 5


class SpdyError(ValueError):
    """The peer does not speak SPDY/3.1, or says too much at once."""


class Opened(NamedTuple):
    """The peer opens a stream."""

    stream: int
    headers: Mapping[str, str]
    fin: bool


class Data(NamedTuple):
    """Bytes on a stream; with `fin` the last ones of the peer."""

    stream: int
    data: bytes
    fin: bool


class Reset(NamedTuple):
    """The peer gives a stream up."""

    stream: int


class Gone(NamedTuple):
    """The peer will open no more streams."""


class Ping(NamedTuple):
    """The peer wants to know whether anyone is there: answer `frame` as it is."""

    frame: bytes


Event = Opened | Data | Reset | Gone | Ping


class Decoder:
    """Bytes from the peer as events."""

    def __init__(self) -> None:
        self._rest = b""
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that these bytes complete. SpdyError for what cannot be read."""
        self._rest += data
        while len(self._rest) >= 8:
            word, flags, length = _HEAD.unpack_from(self._rest)
            size = int.from_bytes(length, "big")
            if size > MAX_FRAME:
                raise SpdyError(f"a frame of {size} bytes")
            if len(self._rest) < 8 + size:
                return
            frame, self._rest = self._rest[: 8 + size], self._rest[8 + size :]
            event = self._event(word, flags, frame)
            if event is not None:
                yield event

    def _event(self, word: int, flags: int, frame: bytes) -> Event | None:
        payload = frame[8:]
        if not word >> 31:
            return Data(word, payload, bool(flags & _FIN))
        if word >> 16 & 0x7FFF != 3:
            raise SpdyError("it is not SPDY version 3")
        kind = word & 0xFFFF
        if kind in (SYN_STREAM, HEADERS) and len(payload) >= (10 if kind == SYN_STREAM else 4):
            stream = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
            headers = self._headers(payload[10 if kind == SYN_STREAM else 4 :])
            return Opened(stream, headers, bool(flags & _FIN)) if kind == SYN_STREAM else None
        if kind == RST_STREAM and len(payload) == 8:
            return Reset(int.from_bytes(payload[:4], "big") & 0x7FFFFFFF)
        if kind == PING and len(payload) == 4:
            return Ping(frame)
        if kind == GOAWAY:
            return Gone()
        if kind in (SETTINGS, WINDOW_UPDATE):
            return None
        raise SpdyError(f"a control frame of type {kind} with {len(payload)} bytes")

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            plain = self._inflate.decompress(block, MAX_HEADERS)
            if self._inflate.unconsumed_tail:
                raise SpdyError("too many headers")
            fields = _strings(plain)
            return {name.lower(): value for name, value in zip(fields, fields, strict=True)}
        except (zlib.error, struct.error, UnicodeDecodeError, ValueError) as error:
            raise SpdyError(f"the headers cannot be read: {error}") from error


def _strings(block: bytes) -> Iterator[str]:
    (count,) = struct.unpack_from(">I", block)
    at = 4
    for _ in range(2 * count):
        (size,) = struct.unpack_from(">I", block, at)
        if at + 4 + size > len(block):
            raise SpdyError("the headers end too early")
        yield block[at + 4 : at + 4 + size].decode()
        at += 4 + size


class Encoder:
    """What to send, as bytes. Frames must be sent in the order in which they were made."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def reply(self, stream: int) -> bytes:
        """Accept a stream."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, struct.pack(">I", stream) + block)

    def reset(self, stream: int, status: int = CANCEL) -> bytes:
        """Give a stream up."""
        return _control(RST_STREAM, struct.pack(">II", stream, status))

    def go_away(self, last: int) -> bytes:
        """No streams after `last` will be looked at."""
        return _control(GOAWAY, struct.pack(">II", last, 0))

    def data(self, stream: int, payload: bytes, *, fin: bool = False) -> bytes:
        """Bytes on a stream."""
        return _HEAD.pack(stream, _FIN if fin else 0, len(payload).to_bytes(3, "big")) + payload


def _control(kind: int, payload: bytes) -> bytes:
    return _HEAD.pack(1 << 31 | 3 << 16 | kind, 0, len(payload).to_bytes(3, "big")) + payload
