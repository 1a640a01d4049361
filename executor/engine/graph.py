"""The graph of nodes: what leaves a node, which groups need a visit, which daemons end with their group."""

from __future__ import annotations

from executor.engine import phases
from executor.engine.contract import TerminatePod
from executor.engine.run import Run

_THEMSELVES = frozenset({"Skipped", "Suspend", "HTTP", "Plugin"})


def outbound(run: Run, identity: str) -> list[str]:
    """The ids of the nodes behind which the next ones are hung (upstream: getOutboundNodes)."""
    node = run.nodes.get(identity)
    if node is None:
        return [identity]
    kind = node.get("type")
    children = node.get("children") or []
    if kind in _THEMSELVES:
        return [identity]
    if kind == "Pod":
        members = [c for c in children if (run.nodes.get(c) or {}).get("type") == "Container"]
        return [o for c in members for o in outbound(run, c)] if members else [identity]
    if kind == "Container":
        inner = [c for c in children if (run.nodes.get(c) or {}).get("boundaryID") == node.get("boundaryID")]
        return (
            [o for c in inner for o in outbound(run, c)]
            if inner and len(inner) == len(children)
            else [identity]
        )
    if kind == "TaskGroup":
        return [o for c in children for o in outbound(run, c)] or [identity]
    if kind == "Retry":
        return outbound(run, children[-1]) if children else [identity]
    if (node.get("memoizationStatus") or {}).get("hit"):
        return [identity]
    # A group that ended without any (it failed fast, or its groups are empty) stands for itself.
    return [o for c in node.get("outboundNodes") or () for o in outbound(run, c)] or [identity]


def is_idle(run: Run, identity: str) -> bool:
    """Whether a group was left waiting for pods only, and none of them has moved since."""
    memory = run.memory
    return identity in memory.idle and identity not in memory.touched


def begin(run: Run, identity: str) -> None:
    """A visit to a group begins: what moves from here on counts for the next one."""
    run.memory.touched.discard(identity)


def finish(run: Run, identity: str, *, restless: bool) -> None:
    """A visit to a group has ended; `restless` if something in it waits for more than its pods."""
    memory = run.memory
    if restless:
        memory.idle.discard(identity)
    else:
        memory.idle.add(identity)


def end_daemons(run: Run, boundary: str) -> None:
    """Daemons live as long as the group that they were started in."""
    for identity, node in list(run.nodes.items()):
        if node.get("boundaryID") == boundary and node.get("daemoned"):
            end_daemon(run, identity)


def end_daemon(run: Run, identity: str) -> None:
    """Stop one daemon; it has succeeded."""
    node = run.nodes[identity]
    if node.get("type") == "Pod":
        run.command(TerminatePod(run.pod_name_of(node)))
    run.put(identity, daemoned=None)
    if not phases.phase_fulfilled(run.nodes[identity]):
        run.mark(identity, phases.SUCCEEDED)
