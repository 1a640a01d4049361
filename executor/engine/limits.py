"""Parallelism, fail-fast, timeouts and shutdown: what keeps a node from starting (upstream: operator.go checkParallelism)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from executor.engine import phases, rules
from executor.engine.clock import later, parse_duration, parse_time
from executor.engine.faults import Full, Held, TemplateFault, TimedOut
from executor.engine.run import Node, Run
from executor.engine.scope import last_attempt

_GROUPS = frozenset({"Pod", "Steps", "DAG"})
FAILED_FAST = "template has failed or errored children and failFast enabled"
_ACTIVE = frozenset({phases.PENDING, phases.RUNNING})


def may_execute(run: Run, in_exit: bool) -> bool:
    """Whether a shutdown lets this work go on: Stop spares exit handlers, Terminate nothing."""
    if run.shutdown == "Terminate":
        return False
    return run.shutdown != "Stop" or in_exit


def is_active_pod(node: Mapping[str, Any]) -> bool:
    """Whether a node stands for a pod that has not ended. One that waits for a lock has none yet."""
    return (
        node.get("type") == "Pod" and node.get("phase") in _ACTIVE and not node.get("synchronizationStatus")
    )


def is_active_child(node: Mapping[str, Any]) -> bool:
    """Whether a node counts against its boundary's parallelism."""
    return (
        node.get("type") in _GROUPS and node.get("phase") in _ACTIVE and not node.get("synchronizationStatus")
    )


def _counts(run: Run) -> dict[tuple[str, str], int]:
    """Active pods and children by boundary, and of all; counted once a pass, then kept up to date by `_recount`."""
    if run.counts is None:
        run.counts = {}
        run.counted = {}
        for identity in run.nodes:
            _recount(run, identity)
        run.to_count.clear()
    for identity in run.to_count:
        _recount(run, identity)
    run.to_count.clear()
    return run.counts


def _recount(run: Run, identity: str) -> None:
    node = run.nodes[identity]
    boundary = str(node.get("boundaryID") or "")
    now = (int(is_active_pod(node)), int(is_active_child(node)))
    before = run.counted.get(identity, (0, 0))
    if now == before or run.counts is None:
        return
    run.counted[identity] = now
    for key, change in (
        (("pods", "*"), now[0] - before[0]),
        (("pods", boundary), now[0] - before[0]),
        (("children", boundary), now[1] - before[1]),
    ):
        if change:
            run.counts[key] = run.counts.get(key, 0) + change


def _limit(value: Any) -> int | None:
    if value in (None, "", 0):
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def check_parallelism(
    run: Run, template: Mapping[str, Any], kind: str, node: Node | None, boundary: str
) -> None:
    """Held if a limit on active pods or children is reached, or the enclosing template has failed fast."""
    overall = _limit(run.spec.get("parallelism"))
    if (
        overall is not None
        and not _is_active_itself(run, node)
        and _counts(run).get(("pods", "*"), 0) >= overall
    ):
        _hold(run)
    if kind in ("steps", "dag") and node is not None and node.get("type") == "Retry":
        # The children are those of the present attempt.
        node = last_attempt(run, node) or node
    if kind in ("steps", "dag") and node is not None:
        own = _limit(template.get("parallelism"))
        if own is not None and _counts(run).get(("pods", node["id"]), 0) >= own:
            _hold(run)
        if template.get("failFast"):
            _fail_fast(run, node)
    enclosing = run.memory.prepared.get(boundary) if boundary else None
    if enclosing is not None and node is None:
        outer = enclosing[-1]
        limit = _limit(outer.get("parallelism"))
        if limit is not None and _counts(run).get(("children", boundary), 0) >= limit:
            _hold(run)
        if outer.get("failFast") and _has_failed_child(run, boundary):
            _hold(run)


def _is_active_itself(run: Run, node: Node | None) -> bool:
    """A pod that is counted already must not stand in its own way."""
    if node is None:
        return False
    if node.get("type") == "Retry":
        return any(is_active_pod(child) for child in run.children(node))
    return is_active_pod(node) or node.get("type") in ("Steps", "DAG")


def _hold(run: Run) -> None:
    run.restless = True
    raise Full("Max parallelism reached")


def _has_failed_child(run: Run, boundary: str) -> bool:
    return any(
        node.get("boundaryID") == boundary and node.get("type") in _GROUPS and phases.failed(node)
        for node in run.nodes.values()
    )


def _fail_fast(run: Run, node: Node) -> None:
    if phases.fulfilled(node) or not _has_failed_child(run, node["id"]):
        return
    inner = [n for n in run.nodes.values() if n.get("boundaryID") == node["id"]]
    # Nothing new is started in here, but a group that was started goes on to its end.
    if any(n.get("type") in _GROUPS and n.get("phase") in _ACTIVE for n in inner):
        return
    for child in inner:
        if child.get("type") != "Retry" and not phases.fulfilled(child):
            run.mark(child["id"], phases.FAILED, FAILED_FAST)
    for child in inner:
        if child.get("type") == "Retry" and not phases.fulfilled(run.nodes[child["id"]]):
            last = last_attempt(run, child)
            run.put(child["id"], outputs=last.get("outputs") if last else None)
            run.mark(child["id"], last["phase"] if last else phases.FAILED, None if last else FAILED_FAST)
    run.mark(node["id"], phases.FAILED, FAILED_FAST)
    raise Held(FAILED_FAST)


def timeout_deadline(
    run: Run, template: Mapping[str, Any], started: datetime, pending: bool
) -> datetime | None:
    """When a node that started then must have ended by `timeout` (and, while Pending, by `pendingTimeout`)."""
    ends = []
    for field in (
        ("timeout", "pendingTimeout") if pending and rules.has_pending_timeout(run) else ("timeout",)
    ):
        value = template.get(field)
        if value in (None, ""):
            continue
        try:
            ends.append(later(started, parse_duration(value)))
        except ValueError as error:
            raise TemplateFault(f"invalid {field} format. {error}") from None
    return min(ends) if ends else None


def check_timeout(run: Run, template: Mapping[str, Any], node: Node | None, identity: str) -> None:
    """TimedOut if a Pending node's own deadline passed; asks to be woken at that deadline otherwise."""
    if not template.get("timeout") and not template.get("pendingTimeout"):
        return
    if node is not None and node.get("phase") != phases.PENDING:
        return
    started = (parse_time(node.get("startedAt")) if node else None) or run.now
    end = timeout_deadline(run, template, started, pending=True)
    if end is None:
        return
    if node is not None and run.now >= end:
        raise TimedOut("timeout")
    run.wake(end)
    run.memory.timed.add(identity)
    run.restless = True
