"""Forked workers that answer twice: once for their files alone, once more when they are told about all files."""

from __future__ import annotations

import marshal
import os
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any

_HEADER = struct.Struct("<Q")


class Worker:
    """One forked process. `first` and `second` are what it computes; both give marshal-able values."""

    __slots__ = ("_from", "_to", "pid")

    def __init__(self, first: Callable[[], Any], second: Callable[[Any], Any]) -> None:
        up_read, up_write = os.pipe()
        down_read, down_write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(up_read)
                os.close(down_write)
                _send(up_write, first())
                told = _receive(down_read)
                if told is not None:
                    _send(up_write, second(told[0]))
                status = 0
            finally:
                os._exit(status)
        os.close(up_write)
        os.close(down_read)
        self._from = up_read
        self._to = down_write

    def receive(self) -> Any:
        """The next answer; None when the worker died."""
        return _receive(self._from)

    def tell(self, value: Any) -> None:
        """Start the second part."""
        try:
            _send(self._to, (value,))
        except BrokenPipeError:
            pass

    def close(self) -> None:
        """Let go of the process, and wait for it."""
        # A worker forked later holds a copy of this pipe, so closing it alone does not end a wait for the second part.
        try:
            _send(self._to, None)
        except BrokenPipeError:
            pass
        os.close(self._to)
        os.close(self._from)
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass


def _send(descriptor: int, value: Any) -> None:
    data = marshal.dumps(value)
    for part in (_HEADER.pack(len(data)), data):
        view = memoryview(part)
        while view:
            view = view[os.write(descriptor, view[:1_048_576]) :]


def _receive(descriptor: int) -> Any:
    header = _read(descriptor, _HEADER.size)
    if header is None:
        return None
    data = _read(descriptor, _HEADER.unpack(header)[0])
    return None if data is None else marshal.loads(data)


def _read(descriptor: int, size: int) -> bytearray | None:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = os.readv(descriptor, [view])
        if not count:
            return None
        view = view[count:]
    return data


def can_fork() -> bool:
    """Whether workers can be forked safely here."""
    return sys.platform == "linux" and hasattr(os, "fork")


def shares(sizes: Sequence[int], workers: int) -> list[list[int]]:
    """Indexes dealt to workers in stretches of about the same number of bytes.

    Neighbours stay together: files refer to others of their folder, which their worker then has at hand.
    """
    dealt: list[list[int]] = [[] for _ in range(workers)]
    total = sum(sizes) + 400 * len(sizes)
    done = 0
    for index, size in enumerate(sizes):
        weight = size + 400
        dealt[min((2 * done + weight) * workers // (2 * total), workers - 1)].append(index)
        done += weight
    return dealt
