"""The template types: one module each, found by the table at the end.

A handler creates the node of a call if it is not there, or moves it on, and returns it. It may raise what
`executor.engine.execute.execute_template` may raise. To add a type: its module, a line in HANDLERS, and its name in
`resolve.TYPES` and `create.NODE_TYPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from executor.engine.create import NODE_TYPES
from executor.engine.resolve import Base, Resolved
from executor.engine.run import Node, Run


class Call(NamedTuple):
    """A template to be carried forward under a node name.

    `base` is the caller's (for templateScope), `resolved.base` the one for what the template refers to; `template` has
    its inputs in place; `flag` is the node flag; `in_exit` says that this is part of an exit handler.
    """

    name: str
    holder: Mapping[str, Any]
    base: Base
    resolved: Resolved
    template: Mapping[str, Any]
    boundary: str
    flag: Mapping[str, bool]
    in_exit: bool

    @property
    def node_type(self) -> str:
        """The type of the node that the template makes."""
        return NODE_TYPES[self.resolved.kind]

    @property
    def inputs(self) -> Mapping[str, Any] | None:
        """The inputs as they are stored in the node, if there are any."""
        return self.template.get("inputs") or None


Handler = Callable[[Run, Call], Node]


def _table() -> Mapping[str, Handler]:
    from executor.engine.types import dag, http, plugin, pod, steps, suspend

    return {
        "container": pod.execute,
        "containerSet": pod.execute,
        "script": pod.execute,
        "resource": pod.execute,
        "data": pod.execute,
        "steps": steps.execute,
        "dag": dag.execute,
        "suspend": suspend.execute,
        "http": http.execute,
        "plugin": plugin.execute,
    }


class _Handlers(dict[str, Handler]):
    """The table, filled on first use: the group types import `execute`, which imports this module."""

    def __missing__(self, kind: str) -> Handler:
        self.update(_table())
        return self[kind]


HANDLERS: Mapping[str, Handler] = _Handlers()
