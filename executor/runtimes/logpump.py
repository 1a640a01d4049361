"""From a container's output pipes to its log file: bounded in size, secrets blanked out, the result's end kept.

A container writes into pipes and never into the file itself, so a step that prints without end fills no disk. Beside
`NAME.log` lies `NAME.times`: when which part of it came (pairs of 8 bytes: where it begins, nanoseconds since the epoch).
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

PIECE = 1 << 16  # bytes read at once
LONGEST_LINE = 1 << 16  # bytes that are held back for a whole line when there is something to blank out
TIME_STEP = 5_000_000  # nanoseconds: what comes within them has one time
TIMES_LIMIT = 1 << 20  # bytes of times that are kept; what is printed later has the last one
TIME = struct.Struct("<QQ")


def times_path(log: Path) -> Path:
    """The file that says when the parts of a log came."""
    return log.with_suffix(".times")


def read_times(log: Path) -> list[tuple[int, int]]:
    """(position in the log, nanoseconds since the epoch) of its parts, in order; none when they were not kept."""
    try:
        data = times_path(log).read_bytes()
    except OSError:
        return []
    return list(TIME.iter_unpack(data[: len(data) // TIME.size * TIME.size]))


class LogFile:
    """An appended log file with an upper bound; several pipes may write to it."""

    def __init__(self, path: Path, limit: int, mask: Callable[[str], str] | None) -> None:
        self._stream = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by close()
        self._at = self._stream.tell()
        self._left = max(0, limit - self._at)
        self._times = times_path(path)
        self._timed = 0
        self._last = 0
        self._limit = limit
        self._told = False
        self._mask = mask
        self._lock = threading.Lock()
        self.lost = 0

    def write(self, data: bytes) -> None:
        """Append, as far as there is room."""
        if self._mask is not None and data:
            text = data.decode("utf-8", "surrogateescape")
            masked = self._mask(text)
            if masked != text:
                data = masked.encode("utf-8", "surrogateescape")
        with self._lock:
            try:
                self._note_time()
                if len(data) <= self._left:
                    self._stream.write(data)
                    self._left -= len(data)
                    self._at += len(data)
                    return
                self.lost += len(data) - self._left
                self._stream.write(data[: self._left])
                self._at += self._left
                self._left = 0
                if not self._told:
                    self._told = True
                    self._stream.write(
                        f"\n[argorun: the log is longer than {self._limit} bytes; the rest is not kept]\n".encode()
                    )
            except OSError:
                self.lost += len(data)  # a full disk must not stop the step: its output is read and dropped

    def _note_time(self) -> None:
        """Say when what comes next has come."""
        now = time.time_ns()
        if now - self._last < TIME_STEP or self._timed >= TIMES_LIMIT or not self._left:
            return
        with open(self._times, "ab", buffering=0) as stream:
            stream.write(TIME.pack(self._at, now))
        self._timed += TIME.size
        self._last = now

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._stream.close()


class LogPump:
    """The pipes of one container. Hand `stdout` and `stderr` to the runtime, close them, then `start`."""

    def __init__(
        self,
        log: Path,
        *,
        limit: int,
        mask: Callable[[str], str] | None,
        result: Path | None,
        result_limit: int,
    ) -> None:
        """`result` gets the last `result_limit` bytes of stdout, when it is wanted."""
        self._log = LogFile(log, limit, mask)
        self._by_lines = mask is not None
        self._result = result
        self._result_limit = result_limit
        read, self.stderr = os.pipe()
        self._pipes = [(read, False)]
        self.stdout = self.stderr
        if result is not None:
            read, self.stdout = os.pipe()
            self._pipes.append((read, True))
        self._open_pipes = len(self._pipes)
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._copy, args=(read, is_result), daemon=True)
            for read, is_result in self._pipes
        ]

    def close_writers(self) -> None:
        """Close our ends of the pipes: the container has its own."""
        for descriptor in {self.stdout, self.stderr}:
            os.close(descriptor)

    def start(self) -> None:
        """Copy until every writer has gone."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout: float = 5.0) -> None:
        """Wait for the end of the copying."""
        for thread in self._threads:
            thread.join(timeout)

    def _copy(self, descriptor: int, is_result: bool) -> None:
        rest = b""
        tail = bytearray()
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            while piece := stream.read(PIECE):
                if is_result:
                    tail += piece
                    if len(tail) > 4 * self._result_limit:
                        del tail[: -self._result_limit]
                if not self._by_lines:
                    self._log.write(piece)
                    continue
                rest += piece
                end = rest.rfind(b"\n") + 1
                if end or len(rest) > LONGEST_LINE:
                    end = end or len(rest)
                    self._log.write(rest[:end])
                    rest = rest[end:]
        if rest:
            self._log.write(rest)
        if is_result and self._result is not None:
            try:
                self._result.write_bytes(bytes(tail[-self._result_limit :]))
            except OSError:
                self._result.unlink(missing_ok=True)
        # Counted, not asked of the threads: one that has not been started yet looks like one that has ended.
        with self._lock:
            self._open_pipes -= 1
            last = self._open_pipes == 0
        if last:
            self._log.close()
