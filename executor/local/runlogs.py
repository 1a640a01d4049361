"""The logs of a run: as blocks, or all lines in the order in which they came; as text or as JSON."""

from __future__ import annotations

import json
import os
import re
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any, NamedTuple

from executor.local import tree
from executor.local.rundir import RunDirectory
from executor.runtimes.logpump import read_times

POLL = 0.2  # seconds between two looks at logs that are followed
COLOURS = ("36", "33", "35", "34", "32", "31")


class Wanted(NamedTuple):
    """What to print: `node` is a glob of names or of templates, `since` nanoseconds since the epoch, `tail` lines of each container (None: all)."""

    node: str = ""
    container: str = ""
    tail: int | None = None
    since: int = 0
    grep: re.Pattern[str] | None = None
    follow: bool = False


class Style(NamedTuple):
    """How to print a line."""

    json: bool = False
    prefix: bool = True
    timestamps: bool = False
    group: bool = False
    colour: bool = False


class Log(NamedTuple):
    """One container's log file."""

    path: Path
    node: Mapping[str, Any]
    pod: str
    container: str

    @property
    def label(self) -> str:
        """What stands before its lines."""
        name = tree.one_line(str(self.node.get("displayName") or self.node.get("name")))
        return name if self.container == "main" else f"{name}/{self.container}"


class Line(NamedTuple):
    """A line and when it came (nanoseconds since the epoch; 0 when nobody knows)."""

    time: int
    log: Log
    text: str


def print_logs(run: RunDirectory, wanted: Wanted, style: Style, out: IO[str]) -> bool:
    """Print logs; whether there were any. With `follow`, until no process runs it any more."""
    positions: dict[Path, int] = {}
    while True:
        running = wanted.follow and run.is_running()
        fresh: list[Line] = []
        for log in _logs(run, wanted):
            fresh += _new_lines(log, positions, wanted, ended=not running)
            if style.group:
                _print(fresh, style, out)
                fresh = []
        _print(sorted(fresh, key=lambda line: line.time), style, out)
        out.flush()
        if not running:
            return bool(positions)
        time.sleep(POLL)


def _logs(run: RunDirectory, wanted: Wanted) -> Iterator[Log]:
    """The logs that are there, in the order of their nodes' starts."""
    from executor.local.inspect import nodes_of, pod_directory

    for workflow in run.workflows():
        nodes = sorted(
            nodes_of(workflow).values(), key=lambda n: (str(n.get("startedAt") or "~"), str(n.get("name")))
        )
        for node in nodes:
            if node.get("type") != "Pod" or not _is_meant(node, wanted.node):
                continue
            directory = pod_directory(run, workflow, node)
            for path in sorted((directory / "logs").glob("*.log")):
                if path.stem not in ("init", "wait") and wanted.container in ("", path.stem):
                    yield Log(path, node, directory.name.partition("_")[2], path.stem)


def _is_meant(node: Mapping[str, Any], pattern: str) -> bool:
    fields = (node.get("displayName"), node.get("name"), node.get("templateName"), node.get("id"))
    return not pattern or any(fnmatchcase(str(f or ""), pattern) or f == pattern for f in fields)


def lines_of(log: Log) -> list[Line]:
    """All lines of a log that has ended."""
    return _new_lines(log, {}, Wanted(), ended=True)


def _new_lines(log: Log, positions: dict[Path, int], wanted: Wanted, *, ended: bool) -> list[Line]:
    """What was added since the last look; only whole lines until it has ended."""
    first = log.path not in positions
    begin = positions.get(log.path, 0)
    with open(log.path, "rb") as stream:
        stream.seek(begin)
        data = stream.read()
    if not ended:
        data = data[: data.rfind(b"\n") + 1]
    positions[log.path] = begin + len(data)
    times = read_times(log.path)
    starts = [at for at, _ in times]
    found = []
    at = begin
    for raw in data.split(b"\n"):
        index = bisect_right(starts, at) - 1
        moment = times[index][1] if index >= 0 else 0
        at += len(raw) + 1
        if raw or at <= begin + len(data):
            found.append(Line(moment, log, raw.decode("utf-8", "replace")))
    found = [line for line in found if line.time >= wanted.since]
    if first and wanted.tail is not None:
        found = found[-wanted.tail :] if wanted.tail else []
    return [line for line in found if wanted.grep is None or wanted.grep.search(line.text)]


def _print(lines: Sequence[Line], style: Style, out: IO[str]) -> None:
    if style.group and lines and not style.json:
        out.write(f"--- {lines[0].log.label}\n")
    out.writelines(shown(line, style) + "\n" for line in lines)


def shown(line: Line, style: Style) -> str:
    """A line as it is printed, safe for a terminal."""
    if style.json:
        return json.dumps(
            {
                "time": stamp(line.time), "node": line.log.node.get("name"),
                "displayName": line.log.node.get("displayName"), "template": line.log.node.get("templateName"),
                "pod": line.log.pod, "container": line.log.container, "line": line.text,
            }
        )  # fmt: skip
    moment = f"{stamp(line.time) or '-'} " if style.timestamps else ""
    label = "" if style.group or not style.prefix else f"{coloured(line.log.label, style.colour)}: "
    return f"{label}{moment}{tree.printable(line.text)}"


def coloured(label: str, wanted: bool) -> str:
    """A name in a colour of its own."""
    return f"\x1b[{COLOURS[sum(label.encode()) % len(COLOURS)]}m{label}\x1b[0m" if wanted else label


def stamp(nanoseconds: int) -> str | None:
    """A time as RFC 3339 with microseconds; None when nobody knows it."""
    if not nanoseconds:
        return None
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds // 1000 % 1_000_000:06d}Z"


def wants_colour(stream: IO[str]) -> bool:
    """Whether colours are shown there."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
