"""Memoization."""

from __future__ import annotations

from executor.engine.run import Node, Run
from executor.engine.types import Call


def lookup(run: Run, call: Call, node: Node | None) -> Node | None:
    """The node of a cache hit or miss."""
    return node


def save(run: Run, node: Node) -> None:
    """Write the outputs of a node to its cache."""
