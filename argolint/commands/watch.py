"""Linting again whenever a file changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

INTERVAL = 0.3
_CLEAR = "\x1b[2J\x1b[H"

Snapshot = dict[str, tuple[int, int]]


def snapshot(paths: list[str]) -> Snapshot:
    """path -> (mtime, size) of each file; files that are gone are left out."""
    found: Snapshot = {}
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError:
            continue
        found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def watch(
    once: Callable[[], int],
    files: Callable[[], list[str]],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clear: bool | None = None,
) -> int:
    """Call `once`, and again after each change of what `files` lists, until interrupted; the last exit code.

    `files` is asked each time, so that new and deleted files count as changes.
    """
    clear = sys.stdout.isatty() if clear is None else clear
    code = 0
    seen: Snapshot | None = None
    try:
        while True:
            now = snapshot(files())
            if now != seen:
                seen = now
                if clear:
                    sys.stdout.write(_CLEAR)
                code = once()
                sys.stdout.flush()
                print(f"watching {len(now)} file{'s' if len(now) != 1 else ''}; ^C ends", file=sys.stderr)
            sleep(INTERVAL)
    except KeyboardInterrupt:
        return code
