"""One pass over a workflow, in upstream's order (upstream: operator.go operate)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from argolint.errors import UserError
from executor.engine import (
    artifact_gc,
    finish,
    locks,
    metrics,
    phases,
    podstate,
    progress,
    shutdown,
    size,
    validate,
)
from executor.engine import hooks as hooking
from executor.engine.clock import parse_time
from executor.engine.contract import (
    ArtifactGCTaskObserved,
    Context,
    CreatePodFailed,
    HttpObserved,
    Observation,
    PluginObserved,
    PodDeleted,
    PodObserved,
    Step,
    TaskResultObserved,
)
from executor.engine.execute import execute_template
from executor.engine.faults import Held, TemplateFault, TimedOut, WorkflowFault
from executor.engine.memory import keep, recall
from executor.engine.resolve import local_base
from executor.engine.run import Run
from executor.engine.spec import apply_workflow_metadata, load_spec, substitute_spec
from executor.engine.substitute import pin
from executor.engine.types import http, plugin

MAX_WALKS = 1000
# A hundred templates within each other take a good thousand of Python's frames.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))
POSTPONED = "Workflow processing has been postponed because too many workflows are already running"


def advance(
    state: Mapping[str, Any], observations: Iterable[Observation], now: datetime, context: Context
) -> Step:
    """The workflow after these observations, and what the driver must now do.

    `state` is a whole Workflow object; it is not changed, and the new state shares with it what did not change. `now` must
    not go backwards. Faults in the workflow end in its phase and message; no exception is raised for them.
    """
    key = f"{(state.get('metadata') or {}).get('namespace')}/{(state.get('metadata') or {}).get('name')}"
    given = state
    damaged = ""
    try:
        state = size.hydrate(state)
    except UserError as error:
        damaged = error.message
    memory = recall(key, (state.get("status") or {}).get("nodes"))
    run = Run(state, now, context, memory)
    pin(now, run.uid or run.name)
    try:
        if damaged:
            raise WorkflowFault(damaged)
        _operate(run, list(observations))
    except WorkflowFault as fault:
        finish.set_phase(run, fault.phase, str(fault))
    except RecursionError:
        finish.set_phase(run, phases.ERROR, "templates are nested too deeply")
    except Exception as error:
        # As upstream's controller does on a panic: one bad workflow must not stop the others.
        finish.set_phase(run, phases.ERROR, f"internal error: {type(error).__name__}: {error}")
    progress.update(run)
    _record_changes(run)
    if not run.changed:
        nodes = (state.get("status") or {}).get("nodes")
        if nodes is not None:
            keep(key, memory, nodes)
        return Step(dict(given), tuple(run.commands), False)
    if not run.nodes:
        run.status.pop("nodes", None)
    keep(key, memory, run.nodes)
    return Step(run.wf, tuple(run.commands), True)


def _record_changes(run: Run) -> None:
    """PodRunning, node events and metrics for what this pass moved."""
    for identity, before in run.written.items():
        prepared = memory_template(run, identity) if before is None else None
        if prepared is not None and prepared.get("metrics"):
            metrics.node_started(run, run.nodes[identity], prepared)
        if _began(before, run.nodes[identity]):
            run.event("Normal", "WorkflowNodeRunning", f"Running node {run.nodes[identity]['name']}")
    ended = [identity for identity, phase in run.phase_changes if phase in phases.COMPLETED]
    for identity in dict.fromkeys(ended):
        node = run.nodes[identity]
        if not phases.phase_fulfilled(node):
            continue
        kind = "Normal" if node["phase"] == phases.SUCCEEDED else "Warning"
        message = f"{node['phase']} node {node['name']}"
        run.event(
            kind,
            f"WorkflowNode{node['phase']}",
            f"{message}: {node['message']}" if node.get("message") else message,
        )
        prepared = memory_template(run, identity)
        if prepared is not None:
            metrics.of_node(run, node, prepared)
    # Only what was there before has a pod that can run.
    if any(run.nodes[i].get("type") == "Pod" and run.written.get(i) for i, _ in run.phase_changes):
        running = any(
            run.nodes[i].get("phase") == phases.RUNNING and run.nodes[i].get("type") == "Pod"
            for i in run.written
        )
        run.set_condition("PodRunning", "True" if running else "False")


def _began(before: Mapping[str, Any] | None, node: Mapping[str, Any]) -> bool:
    """Whether a node ran for the first time in this pass, if only to end in it (upstream: recordNodePhaseChangeEvents)."""
    was = before["phase"] if before is not None else phases.PENDING
    return was == phases.PENDING and (node["phase"] == phases.RUNNING or node["phase"] in phases.COMPLETED)


def memory_template(run: Run, identity: str) -> Mapping[str, Any] | None:
    """The template that a node runs, if it was worked on in this memory."""
    cached = run.memory.prepared.get(identity)
    return cached[-1] if cached is not None else None


def _operate(run: Run, observations: list[Observation]) -> None:
    if phases.workflow_completed(run.wf):
        run.spec = dict(run.status.get("storedWorkflowTemplateSpec") or run.wf.get("spec") or {})
        _observe_after_end(run, observations)
        artifact_gc.collect(run, *_collected(observations))
        return
    if not run.context.admitted and run.phase != phases.RUNNING and run.shutdown != "Terminate":
        if run.phase != phases.PENDING:
            finish.set_phase(run, phases.PENDING, POSTPONED)
        return
    first = run.phase in ("", phases.PENDING) and not run.status.get("startedAt")
    if first:
        validate.check_shape(run.wf)
    load_spec(run)
    if first:
        validate.check_spec(run)
        apply_workflow_metadata(run)
    substitute_spec(run)
    if not finish.take_workflow_lock(run):
        return
    if run.phase in ("", phases.PENDING):
        finish.begin(run)
    _set_deadline(run)
    _observe(run, observations)
    if run.spec.get("suspend") is True:
        shutdown.enforce(run)
        return
    shutdown.enforce(run)
    finish.prepare(run)
    _walk(run)
    artifact_gc.add_finalizer(run)
    if phases.workflow_completed(run.wf):
        artifact_gc.collect(run, (), ())


def _observe_after_end(run: Run, observations: list[Observation]) -> None:
    """The workflow does not move any more; its pods are still to be cleaned up."""
    for seen in observations:
        if isinstance(seen, PodObserved):
            podstate.observe_pod(run, seen.pod)


def _collected(observations: list[Observation]) -> tuple[list[Any], list[Any]]:
    """(artifact GC tasks, pods) of the observations."""
    return (
        [seen.task for seen in observations if isinstance(seen, ArtifactGCTaskObserved)],
        [seen.pod for seen in observations if isinstance(seen, PodObserved)],
    )


def _observe(run: Run, observations: list[Observation]) -> None:
    # Results first: a pod that has ended is judged by what it reported.
    for seen in observations:
        if isinstance(seen, TaskResultObserved):
            podstate.observe_task_result(run, seen.task_result)
    for seen in observations:
        if isinstance(seen, PodObserved):
            podstate.observe_pod(run, seen.pod)
        elif isinstance(seen, PodDeleted):
            podstate.pod_deleted(run, seen.pod_name)
        elif isinstance(seen, HttpObserved):
            http.observe(run, seen)
        elif isinstance(seen, PluginObserved):
            plugin.observe(run, seen)
        elif isinstance(seen, CreatePodFailed):
            _create_failed(run, seen)


def _create_failed(run: Run, seen: CreatePodFailed) -> None:
    node = run.nodes.get(seen.node_id)
    if node is None or phases.fulfilled(node) or node["phase"] != phases.PENDING:
        return
    run.memory.asked.discard(seen.node_id)
    if seen.transient:
        run.mark(seen.node_id, phases.PENDING, seen.message)
        again = run.now + timedelta(seconds=10)
        run.memory.create_after[seen.node_id] = again
        run.wake(again)
        run.touch(node)
    else:
        run.mark(seen.node_id, phases.ERROR, seen.message)


def _set_deadline(run: Run) -> None:
    seconds = run.spec.get("activeDeadlineSeconds")
    started = parse_time(run.status.get("startedAt"))
    if seconds is None or started is None:
        return
    try:
        run.deadline = started + timedelta(seconds=int(seconds))
    except (TypeError, ValueError):
        raise WorkflowFault(
            f"invalid spec: activeDeadlineSeconds must be a whole number, not {seconds!r}", "Failed"
        ) from None
    except OverflowError:
        return
    if run.now < run.deadline:
        run.wake(run.deadline)


def _walk(run: Run) -> None:
    """Execute the entrypoint until nothing moves any more without an observation."""
    for _ in range(MAX_WALKS):
        before = len(run.phase_changes)
        if not _walk_once(run):
            return
        if len(run.phase_changes) == before:
            return
    run.wake(run.now + timedelta(seconds=1))


def _walk_once(run: Run) -> bool:
    """One walk. False if the workflow has ended or cannot go on."""
    run.depth = 0
    if run.status.get("synchronization"):
        locks.release_ended(run)
    arguments = run.spec.get("arguments") or {}
    holder = {"template": str(run.spec.get("entrypoint") or "")}
    try:
        execute_template(run, run.name, holder, local_base(run), arguments, "")
    except Held:
        pass
    except TimedOut:
        pass
    except TemplateFault as error:
        raise WorkflowFault(f"error in entry template execution: {error}") from None
    root = run.nodes.get(run.name)
    if root is None:
        return True
    return finish.conclude(run, root, hooking)
