"""Container logs on disk: where they are, how the kubelet writes them and how the API server reads them.

A log is a text file in the CRI format: `<RFC 3339 with nanoseconds> <stdout|stderr> <F|P> <text>` a line, `P` for a piece of a
line that goes on in the next entry of the same stream. The file of a container is
`<data>/pods/<namespace>_<pod>_<uid>/<container>.log`; that of its run before a restart is `<container>.previous.log`.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

MAX_PIECE: Final = 16 * 1024
"""Bytes of one entry; a longer line is written in pieces."""
_POLL: Final = 0.1
"""Seconds between looks at a log that is followed."""


def pod_folder(data: Path, namespace: str, pod: str, uid: str) -> Path:
    """The folder of a pod's logs."""
    return data / "pods" / f"{namespace}_{pod}_{uid}"


def log_path(
    data: Path, namespace: str, pod: str, uid: str, container: str, *, previous: bool = False
) -> Path:
    """The log of a container, or of its run before the last restart."""
    return pod_folder(data, namespace, pod, uid) / f"{container}{'.previous' if previous else ''}.log"


def rfc3339_nano(nanoseconds: int) -> str:
    """A time in nanoseconds since the epoch as logs carry it."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


class LogWriter:
    """Appends to a container's log. Safe to use from several threads; each entry is one write."""

    def __init__(self, path: Path) -> None:
        """The folder is made when missing; an existing log is continued."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._pending = {"stdout": b"", "stderr": b""}
        self._lock = threading.Lock()

    def write(self, stream: str, content: bytes | str) -> None:
        """Add output of `stream` (`stdout` or `stderr`); it is written line by line, as lines are complete."""
        with self._lock:
            content = content.encode() if isinstance(content, str) else content
            *lines, rest = (self._pending[stream] + content).split(b"\n")
            for line in lines:
                self._line(stream, line)
            while len(rest) >= MAX_PIECE:
                self._entry(stream, "P", rest[:MAX_PIECE])
                rest = rest[MAX_PIECE:]
            self._pending[stream] = rest

    def end_lines(self) -> None:
        """Write what is left of unfinished lines: whoever printed them has ended."""
        with self._lock:
            if self._descriptor >= 0:
                self._end_lines()

    def _end_lines(self) -> None:
        for stream, rest in self._pending.items():
            if rest:
                self._line(stream, rest)
                self._pending[stream] = b""

    def close(self) -> None:
        """Write what is left of unfinished lines and close the file."""
        with self._lock:
            if self._descriptor < 0:
                return
            self._end_lines()
            os.close(self._descriptor)
            self._descriptor = -1

    def _line(self, stream: str, line: bytes) -> None:
        while len(line) > MAX_PIECE:
            self._entry(stream, "P", line[:MAX_PIECE])
            line = line[MAX_PIECE:]
        self._entry(stream, "F", line)

    def _entry(self, stream: str, tag: str, text: bytes) -> None:
        os.write(self._descriptor, f"{rfc3339_nano(time.time_ns())} {stream} {tag} ".encode() + text + b"\n")


class LogEntry(NamedTuple):
    """One entry of a log: its time as text, its stream, whether its line ends here, and the text."""

    time: str
    stream: str
    full: bool
    text: bytes


class LogOptions(NamedTuple):
    """What a reader wants to see."""

    tail: int | None = None
    since: str = ""
    """RFC 3339 in UTC; entries before it are left out."""
    timestamps: bool = False
    limit: int | None = None
    stream: str = ""


EVERYTHING: Final = LogOptions()


def parse_entry(line: bytes) -> LogEntry | None:
    """One line of a log file; None when it is not an entry."""
    parts = line.split(b" ", 3)
    if len(parts) != 4:
        return None
    return LogEntry(
        parts[0].decode("ascii", "replace"),
        parts[1].decode("ascii", "replace"),
        parts[2][:1] != b"P",
        parts[3],
    )


def entries(path: Path) -> Iterator[tuple[LogEntry | None, int]]:
    """The complete lines of a log that are there now, each as its entry and its size in bytes; none without a file."""
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield parse_entry(line[:-1]), len(line)
    except FileNotFoundError:
        return


def _wanted(entry: LogEntry, options: LogOptions) -> bool:
    if options.since and entry.time[:19] < options.since[:19]:
        return False
    return not options.stream or entry.stream == options.stream


class _Printer:
    """Entries as the client sees them: pieces joined to lines, with a time before each line if asked for."""

    def __init__(self, options: LogOptions) -> None:
        self.timestamps = options.timestamps
        self.left = options.limit
        self._open: dict[str, bool] = {}

    def print(self, entry: LogEntry) -> bytes:
        text = entry.text + b"\n" if entry.full else entry.text
        if self.timestamps and not self._open.get(entry.stream):
            text = entry.time.encode() + b" " + text
        self._open[entry.stream] = not entry.full
        if self.left is not None:
            text = text[: self.left]
            self.left -= len(text)
        return text


def read(path: Path, options: LogOptions = EVERYTHING) -> bytes:
    """The log as it is now."""
    return _snapshot(path, options, _Printer(options))[0]


def _snapshot(path: Path, options: LogOptions, printer: _Printer) -> tuple[bytes, int]:
    """The wanted part of the log as the client sees it, and the position behind the last complete entry."""
    lines: deque[list[LogEntry]] = deque(maxlen=options.tail)
    line: list[LogEntry] = []
    position = 0
    for entry, size in entries(path):
        position += size
        if entry is None or not _wanted(entry, options):
            continue
        line.append(entry)
        if entry.full:
            lines.append(line)
            line = []
    if line:
        lines.append(line)
    return b"".join(printer.print(entry) for group in lines for entry in group), position


def end(path: Path) -> int:
    """The position behind what is in the log now."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


async def follow(
    path: Path, options: LogOptions, ended: Callable[[], bool], position: int | None = None
) -> AsyncIterator[bytes]:
    """The log, and what is added to it until `ended()` (nothing will be added any more) and all of it was read.

    With a `position` only what is added after it.
    """
    printer = _Printer(options)
    if position is None:
        text, position = await asyncio.to_thread(_snapshot, path, options, printer)
        yield text
    rest = b""
    while printer.left is None or printer.left > 0:
        over = ended()
        chunk = _read_from(path, position)
        if chunk:
            position += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            found = [entry for entry in map(parse_entry, lines) if entry and _wanted(entry, options)]
            if text := b"".join(map(printer.print, found)):
                yield text
            continue
        if over:
            return
        await asyncio.sleep(_POLL)


def _read_from(path: Path, position: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(position)
            return file.read(1 << 20)
    except FileNotFoundError:
        return b""
