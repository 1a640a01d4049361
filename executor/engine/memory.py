"""What the engine remembers between passes to save work: a cache, never a truth.

A memory is valid for exactly one nodes map, recognised by identity, so a state that was reloaded from the store,
edited by a user or restarted from JSON simply starts with an empty one. The only outward sign of an empty memory is that
pods which are still Pending are asked for once more, which is what makes a crash between persisting
and creating harmless.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_LIMIT = 512
_memories: OrderedDict[str, Memory] = OrderedDict()


class Memory:
    """Caches of one workflow. Keys are node ids unless said otherwise."""

    __slots__ = (
        "asked",
        "create_after",
        "dags",
        "expanded",
        "globals_version",
        "groups",
        "idle",
        "inputs",
        "nodes",
        "prepared",
        "progress",
        "resolved",
        "scopes",
        "spec",
        "spec_inputs",
        "static_globals",
        "timed",
        "touched",
        "wakes",
    )

    def __init__(self) -> None:
        self.nodes: Mapping[str, Any] | None = None
        self.spec: dict[str, Any] | None = None
        self.spec_inputs: tuple[Any, ...] = ()
        self.static_globals: dict[str, Any] | None = None
        self.globals_version = 0
        self.inputs: tuple[Any, ...] = ()
        self.asked: set[str] = set()  # pod nodes whose pod was asked for or seen
        self.create_after: dict[str, datetime] = {}  # after a transient refusal
        self.prepared: dict[str, Any] = {}
        self.resolved: dict[Any, Any] = {}
        self.expanded: dict[str, Any] = {}
        self.scopes: dict[str, Any] = {}
        self.dags: dict[str, Any] = {}
        self.idle: set[str] = set()  # groups that only wait for pods
        self.timed: set[str] = set()  # Pending nodes with a deadline of their own
        self.touched: set[str] = set()
        self.groups: dict[str, frozenset[str]] = {}  # the groups above a node
        self.progress: dict[str, tuple[int, int]] = {}
        self.wakes: set[datetime] = set()


def recall(workflow_key: str, nodes: object) -> Memory:
    """The memory that belongs to this nodes map, taken out of the cache; an empty one if there is none."""
    found = _memories.pop(workflow_key, None)
    if found is not None and found.nodes is nodes:
        return found
    return Memory()


def keep(workflow_key: str, memory: Memory, nodes: Mapping[str, Any]) -> None:
    """Remember, for the pass that will be given `nodes`."""
    memory.nodes = nodes
    _memories[workflow_key] = memory
    while len(_memories) > _LIMIT:
        try:
            _memories.popitem(last=False)
        except KeyError:
            return
