"""Mutexes and semaphores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from executor.engine.run import Run


class Waiting(NamedTuple):
    """A lock that is not to be had now."""

    key: str
    message: str


def acquire(run: Run, wanted: Mapping[str, Any], holder: str) -> Waiting | None:
    """Take every lock of a `synchronization` block for a node, or none."""
    return None


def release(run: Run, node: Mapping[str, Any]) -> None:
    """Give back the locks of a node."""
