"""SPDY/3.1 frames, byte by byte."""

from __future__ import annotations

import struct
import zlib

import pytest

from executor.cluster import spdy


def frame(kind: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">HHB", 0x8003, kind, flags) + len(payload).to_bytes(3, "big") + payload


class Client:
    """The client's side of a connection."""

    def __init__(self) -> None:
        self.deflate = zlib.compressobj(zdict=spdy.DICTIONARY)

    def opens(self, stream: int, headers: dict[str, str], flags: int = 0) -> bytes:
        block = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for text in (name, value):
                block += struct.pack(">I", len(text)) + text.encode()
        squeezed = self.deflate.compress(block) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        return frame(spdy.SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + squeezed, flags)


def test_the_dictionary_is_the_one_of_the_draft() -> None:
    assert (len(spdy.DICTIONARY), zlib.adler32(spdy.DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_events_whatever_the_pieces_in_which_they_come() -> None:
    client = Client()
    text = (
        client.opens(1, {"streamtype": "error"}, flags=1)
        + client.opens(3, {"streamtype": "data", "port": "80"})
        + frame(spdy.SETTINGS, bytes(4))
        + struct.pack(">IB", 3, 1)
        + b"\x00\x00\x02hi"
        + frame(spdy.PING, b"\x00\x00\x00\x07")
        + frame(spdy.RST_STREAM, struct.pack(">II", 3, 5))
        + frame(spdy.GOAWAY, bytes(8))
    )
    expected = [
        spdy.Opened(1, {"streamtype": "error"}, True),
        spdy.Opened(3, {"streamtype": "data", "port": "80"}, False),
        spdy.Data(3, b"hi", True),
        spdy.Ping(frame(spdy.PING, b"\x00\x00\x00\x07")),
        spdy.Reset(3),
        spdy.Gone(),
    ]
    assert list(spdy.Decoder().feed(text)) == expected
    decoder = spdy.Decoder()
    assert [event for at in range(len(text)) for event in decoder.feed(text[at : at + 1])] == expected


def test_what_is_sent_is_read_again() -> None:
    encoder, inflate = spdy.Encoder(), zlib.decompressobj(zdict=spdy.DICTIONARY)
    for stream in (1, 3):
        reply = encoder.reply(stream)
        assert reply[:4] == b"\x80\x03\x00\x02"
        assert struct.unpack(">I", reply[8:12]) == (stream,)
        assert inflate.decompress(reply[12:]) == bytes(4)
    assert list(spdy.Decoder().feed(encoder.data(5, b"abc", fin=True))) == [spdy.Data(5, b"abc", True)]
    assert list(spdy.Decoder().feed(encoder.reset(5))) == [spdy.Reset(5)]
    assert list(spdy.Decoder().feed(encoder.go_away(5))) == [spdy.Gone()]


BOMB = zlib.compressobj(9, zdict=spdy.DICTIONARY)
MANY = BOMB.compress(struct.pack(">II", 1, 1 << 24) + bytes(1 << 24)) + BOMB.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"\x00\x00\x00\x01\x00\xff\xff\xff", "a frame of 16777215 bytes"),
        (b"\x80\x02\x00\x01\x00\x00\x00\x00", "it is not SPDY version 3"),
        (frame(spdy.SYN_STREAM, bytes(10) + b"junk"), "the headers cannot be read"),
        (frame(spdy.SYN_STREAM, bytes(3)), "a control frame of type 1 with 3 bytes"),
        (frame(77, b""), "a control frame of type 77"),
        (frame(spdy.SYN_STREAM, bytes(10) + MANY), "too many headers"),
    ],
)
def test_what_cannot_be_read_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(spdy.SpdyError, match=why):
        list(spdy.Decoder().feed(text))
