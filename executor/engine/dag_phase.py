"""Where a DAG's phase comes from (upstream: dag.go assessDAGPhase).

A walk from the DAG's first tasks along the graph of nodes carries the phase of the last task that completed. Omitted
and skipped tasks inherit it, so a task that fails makes everything behind it that was omitted count as failed, while a
task behind it that ran (because its `depends` allowed for the failure) starts a good branch again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from executor.engine import phases

Nodes = Mapping[str, Mapping[str, Any]]


def assess(
    nodes: Nodes,
    dag_id: str,
    targets: Iterable[str],
    target_id: Callable[[str], str],
    continues_on: Callable[[str, str], bool],
    *,
    fail_fast: bool,
) -> str:
    """Running, Succeeded, Failed or Error.

    `targets` are task names, `target_id` gives a task's node id, `continues_on(task, phase)` says whether that
    task's own continueOn forgives the phase.
    """
    targets = list(targets)
    reached = branch_phases(nodes, dag_id, {target_id(name) for name in targets})
    if reached is None:
        return phases.RUNNING
    result = phases.SUCCEEDED
    for name in targets:
        phase = reached.get(target_id(name), "")
        if not phase:
            result = phases.RUNNING
            if not fail_fast:
                break
        elif phase in phases.FAILURES and not continues_on(name, phase):
            result = phase
            if fail_fast:
                break
    return result


def branch_phases(nodes: Nodes, dag_id: str, targets: set[str]) -> dict[str, str] | None:
    """The branch phase that reaches each target; None if a node on the way is missing or still runs."""
    reached: dict[str, str] = {}
    queue = deque((child, phases.SUCCEEDED) for child in nodes[dag_id].get("children") or ())
    seen = set(queue)
    while queue:
        identity, branch = queue.popleft()
        node = nodes.get(identity)
        if node is None or not phases.fulfilled(node):
            return None
        if phases.completed(node):
            branch = str(node["phase"])
        if identity in targets and reached.get(identity) not in phases.FAILURES:
            reached[identity] = branch
        for child in node.get("children") or ():
            step = (child, branch)
            if step not in seen:
                seen.add(step)
                queue.append(step)
    return reached
