"""The standard input of a container that asks for one (`stdin: true`): a pipe, or with `tty: true` a terminal for all its streams.

Whoever attaches writes into it; what a terminal shows goes to those that are attached at once, and into the log like any output.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import termios
import threading
from collections.abc import Callable

PIECE = 1 << 15
_PAUSE = 0.02
END_OF_INPUT = b"\x04"  # what a terminal takes for it


class Input:
    """Made before the container is started, with `child` as its standard input; `started` when it has its own copy of that."""

    def __init__(self, *, tty: bool, once: bool) -> None:
        """`once`: the input ends with the first client that was attached (`stdinOnce`)."""
        self.tty = tty
        self._once = once
        if tty:
            self._writer, self.child = pty.openpty()
        else:
            self.child, self._writer = os.pipe()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[bytes], None]] = []
        self.ended = threading.Event()

    def started(self, output: int) -> None:
        """The container runs. What its terminal shows is copied to the descriptor `output`, which is duplicated."""
        os.close(self.child)
        if self.tty:
            threading.Thread(target=self._copy, args=(os.dup(output),), name="terminal", daemon=True).start()

    def write(self, data: bytes) -> None:
        """What somebody types. OSError when nobody can read it any more."""
        while data:
            with self._lock:  # so that the descriptor is not closed, and another file's, in between
                if self._writer < 0:
                    raise BrokenPipeError("the container has ended")
                ready = select.select([], [self._writer], [], 0)[1]
                if ready:
                    data = data[os.write(self._writer, data[: select.PIPE_BUF]) :]
            if not ready:
                self.ended.wait(_PAUSE)

    def finish(self) -> None:
        """A client has no more input. That ends it when it was to be attached once."""
        if not self._once:
            return
        if self.tty:
            with contextlib.suppress(OSError):
                self.write(END_OF_INPUT)
            return
        with self._lock:
            if self._writer >= 0:
                os.close(self._writer)
                self._writer = -1

    def resize(self, rows: int, columns: int) -> None:
        """A client's window has another size."""
        if self.tty:
            with self._lock, contextlib.suppress(OSError):
                fcntl.ioctl(self._writer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """Tell what the terminal shows from now on; the returned function ends that."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def close(self) -> None:
        """The container has ended."""
        self.ended.set()
        if self.tty:
            return  # what it has still shown is read up to the end
        with self._lock:
            if self._writer >= 0:
                os.close(self._writer)
                self._writer = -1

    def _copy(self, output: int) -> None:
        # A terminal whose last process has gone answers with EIO.
        with os.fdopen(output, "wb", buffering=0) as log, contextlib.suppress(OSError):
            while piece := os.read(self._writer, PIECE):
                log.write(piece)
                with self._lock:
                    listeners = list(self._listeners)
                for listener in listeners:
                    listener(piece)
        self.ended.set()
        with self._lock:
            os.close(self._writer)
            self._writer = -1
