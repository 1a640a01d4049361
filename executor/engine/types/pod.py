"""container, script, resource, data and containerSet templates: one pod each (upstream: operator.go executeContainer)."""

from __future__ import annotations

from executor.engine import names, phases
from executor.engine.clock import later
from executor.engine.contract import CreatePod
from executor.engine.create import new_node
from executor.engine.limits import may_execute
from executor.engine.podspec import build_pod
from executor.engine.run import Node, Run
from executor.engine.types import Call, node_of

RATE_LIMITED = "resource creation rate-limit reached"


def execute(run: Run, call: Call) -> Node:
    """Create the node and ask for its pod, once for as long as this memory lasts."""
    identity = run.id_of(call.name)
    node = run.nodes.get(identity)
    daemon = bool(call.template.get("daemon"))
    if node is None:
        node = node_of(run, call, "Pod", phases.PENDING, expects_result=not daemon)
    if phases.lost(node):
        run.put(identity, finishedAt=None)
        node = run.mark(identity, phases.PENDING, "")
    if phases.fulfilled(node) or node["phase"] != phases.PENDING:
        return run.nodes[identity]
    if identity in run.memory.asked:
        return run.nodes[identity]
    refused = run.memory.create_after.get(identity)
    if refused is not None and run.now < refused:
        run.wake(refused)
        run.restless = True
        return run.nodes[identity]
    if not may_execute(run, call.in_exit):
        return run.mark(identity, phases.FAILED, f"workflow shutdown with strategy: {run.shutdown}")
    if run.context.creation_budget is not None and run.created >= run.context.creation_budget:
        run.wake(later(run.now, max(run.context.creation_retry, 0.001)))
        run.restless = True
        return run.mark(identity, phases.PENDING, RATE_LIMITED)
    pod = build_pod(run, call, run.nodes[identity])
    run.created += 1
    run.memory.asked.add(identity)
    run.memory.create_after.pop(identity, None)
    run.command(CreatePod(identity, pod))
    if call.resolved.kind == "containerSet" and not run.nodes[identity].get("children"):
        _members(run, call, identity)
    return run.nodes[identity]


def _members(run: Run, call: Call, identity: str) -> None:
    """The nodes of a containerSet's containers, hung behind those that they depend on."""
    containers = (call.template.get("containerSet") or {}).get("containers") or []
    holder = {k: v for k, v in call.holder.items() if k in ("template", "templateRef")}
    for container in containers:
        new_node(
            run, names.child_name(call.name, str(container.get("name") or "main")), "Container", phases.PENDING,
            holder=holder, base=call.base, boundary=identity, flag=None,
        )  # fmt: skip
    for container in containers:
        child = run.id_of(names.child_name(call.name, str(container.get("name") or "main")))
        needed = container.get("dependencies") or []
        if not needed:
            run.link(identity, child)
        for dependency in needed:
            run.link(run.id_of(names.child_name(call.name, str(dependency))), child)
