"""The template types: one module each, found by the table at the end.

A handler creates the node of a call if it is not there, or moves it on, and returns it. It may raise what
`executor.engine.execute.execute_template` may raise. To add a type: its module, a line in HANDLERS, and its name in
`resolve.TYPES` and `create.NODE_TYPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from executor.engine import phases
from executor.engine.contract import Command
from executor.engine.create import NODE_TYPES, error_node, new_node
from executor.engine.limits import may_execute
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


def node_of(run: Run, call: Call, kind: str, phase: str, *, expects_result: bool = False) -> Node:
    """Add the node of a call, of a type and in a phase."""
    return new_node(
        run, call.name, kind, phase, holder=call.holder, base=call.base, boundary=call.boundary, flag=call.flag,
        inputs=call.inputs, expects_result=expects_result,
    )  # fmt: skip


def failed_node(run: Run, call: Call, message: str) -> Node:
    """The node of a call in Error; one of type Skipped is made if it does not exist."""
    return error_node(
        run, call.name, message, holder=call.holder, base=call.base, boundary=call.boundary, flag=call.flag
    )


def asked_node(run: Run, call: Call, kind: str, command: Callable[[str, Mapping[str, Any]], Command]) -> Node:
    """The node of a call that the driver answers. It gets the command once for as long as this memory lasts."""
    identity = run.id_of(call.name)
    node = run.nodes.get(identity) or node_of(run, call, kind, phases.PENDING)
    if phases.fulfilled(node):
        return node
    if not may_execute(run, call.in_exit):
        return run.mark(identity, phases.FAILED, f"workflow shutdown with strategy: {run.shutdown}")
    if identity not in run.memory.asked:
        run.memory.asked.add(identity)
        run.command(command(identity, dict(call.template)))
    return run.nodes[identity]


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
