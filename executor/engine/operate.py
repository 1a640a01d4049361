"""One pass over a workflow, in upstream's order (upstream: operator.go operate)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from executor.engine import finish, phases, podstate, progress, shutdown, size, validate
from executor.engine import hooks as hooking
from executor.engine.clock import parse_time
from executor.engine.contract import (
    Context,
    CreatePodFailed,
    HttpObserved,
    Observation,
    PodDeleted,
    PodObserved,
    Step,
    TaskResultObserved,
)
from executor.engine.execute import execute_template
from executor.engine.faults import Held, TemplateFault, TimedOut, WorkflowFault
from executor.engine.memory import keep, recall
from executor.engine.names import POD_NAME_ANNOTATION
from executor.engine.resolve import local_base
from executor.engine.run import Run
from executor.engine.spec import apply_workflow_metadata, load_spec, substitute_spec
from executor.engine.substitute import pin
from executor.engine.types import http

MAX_WALKS = 1000
POSTPONED = "Workflow processing has been postponed because too many workflows are already running"


def advance(
    state: Mapping[str, Any], observations: Iterable[Observation], now: datetime, context: Context
) -> Step:
    """The workflow after these observations, and what the driver must now do.

    `state` is a whole Workflow object; it is not changed, and the new state shares with it what did not change. `now` must
    not go backwards. Faults in the workflow end in its phase and message; no exception is raised for them.
    """
    status = state.get("status") or {}
    state = size.hydrate(state)
    key = f"{(state.get('metadata') or {}).get('namespace')}/{(state.get('metadata') or {}).get('name')}"
    memory = recall(key, (state.get("status") or {}).get("nodes"))
    run = Run(state, now, context, memory)
    pin(now, run.uid or run.name)
    try:
        _operate(run, list(observations))
    except WorkflowFault as fault:
        finish.fail_workflow(run, fault.phase, str(fault))
    progress.update(run)
    finish.after_pass(run)
    if not run.changed:
        keep(key, memory, status["nodes"] if status.get("nodes") is not None else run.nodes)
        return Step(dict(state), tuple(run.commands), False)
    if not run.nodes:
        run.status.pop("nodes", None)
    keep(key, memory, run.nodes)
    return Step(size.dehydrate(run), tuple(run.commands), True)


def _operate(run: Run, observations: list[Observation]) -> None:
    if phases.workflow_completed(run.wf):
        run.spec = dict(run.status.get("storedWorkflowTemplateSpec") or run.wf.get("spec") or {})
        _observe_after_end(run, observations)
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
        finish.set_phase(run, phases.RUNNING, "")
        if POD_NAME_ANNOTATION not in run.annotations:
            run.set_annotation(POD_NAME_ANNOTATION, "v2")
    _set_deadline(run)
    _observe(run, observations)
    if run.spec.get("suspend") is True:
        shutdown.enforce(run)
        return
    shutdown.enforce(run)
    finish.create_volumes(run)
    _walk(run)


def _observe_after_end(run: Run, observations: list[Observation]) -> None:
    for seen in observations:
        if isinstance(seen, TaskResultObserved):
            continue
    finish.collect_garbage(run)


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
