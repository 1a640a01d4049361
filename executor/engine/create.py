"""New nodes (upstream: operator.go initializeNode, initializeExecutableNode)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import names, phases
from executor.engine.clock import seconds_between
from executor.engine.resolve import Base
from executor.engine.run import Node, Run

NODE_TYPES: Mapping[str, str] = {
    "container": "Pod",
    "script": "Pod",
    "resource": "Pod",
    "data": "Pod",
    "containerSet": "Pod",
    "steps": "Steps",
    "dag": "DAG",
    "suspend": "Suspend",
    "http": "HTTP",
    "plugin": "Plugin",
}
EXECUTABLE = frozenset({"Pod", "HTTP", "Plugin", "Container", "Suspend"})


def new_node(
    run: Run,
    name: str,
    kind: str,
    phase: str,
    *,
    holder: Mapping[str, Any],
    base: Base,
    boundary: str,
    message: str = "",
    flag: Mapping[str, bool] | None = None,
    inputs: Mapping[str, Any] | None = None,
    expects_result: bool = False,
) -> Node:
    """Add a node of a type in a phase. `holder` names its template, `boundary` is the id of the enclosing group."""
    enclosing = run.nodes.get(boundary)
    node: Node = {
        "id": run.id_of(name),
        "name": name,
        "displayName": names.display_name(name, enclosing["name"] if enclosing else ""),
        "type": kind,
    }
    if holder.get("template"):
        node["templateName"] = holder["template"]
    if holder.get("templateRef"):
        node["templateRef"] = dict(holder["templateRef"])
    node["templateScope"] = base.text
    node["phase"] = phase
    if boundary:
        node["boundaryID"] = boundary
    if message:
        node["message"] = message
    node["startedAt"] = run.stamp
    node["finishedAt"] = run.stamp if phase in phases.COMPLETED or phase in phases.PASSED_OVER else None
    if flag and any(flag.values()):
        node["nodeFlag"] = {k: True for k, v in flag.items() if v}
    if inputs:
        node["inputs"] = dict(inputs)
    if kind in EXECUTABLE:
        node["progress"] = "0/1" if phase not in phases.PASSED_OVER else "1/1"
    if expects_result:
        node["taskResultSynced"] = True
    estimate = estimated_seconds(run, name)
    if estimate:
        node["estimatedDuration"] = estimate
    return run.add(node)


def estimated_seconds(run: Run, name: str) -> int:
    """How long the node of the same name took in the baseline workflow, in seconds; 0 if that is not known."""
    baseline = run.context.baseline
    if baseline is None:
        return 0
    other = str((baseline.get("metadata") or {}).get("name") or "")
    nodes = (baseline.get("status") or {}).get("nodes") or {}
    node = nodes.get(names.node_id(other, name.replace(run.name, other, 1)))
    if node is None or not node.get("finishedAt"):
        return 0
    return int(seconds_between(node.get("startedAt"), node.get("finishedAt"), run.now))


def error_node(
    run: Run,
    name: str,
    message: str,
    *,
    holder: Mapping[str, Any],
    base: Base,
    boundary: str,
    flag: Mapping[str, bool] | None = None,
) -> Node:
    """The node in Error; one of type Skipped is made if it does not exist."""
    identity = run.id_of(name)
    if identity in run.nodes:
        return run.mark(identity, phases.ERROR, message)
    return new_node(
        run,
        name,
        "Skipped",
        phases.ERROR,
        holder=holder,
        base=base,
        boundary=boundary,
        message=message,
        flag=flag,
    )
