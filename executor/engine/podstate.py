"""What a pod says about its node (upstream: operator.go podReconciliation, assessNodeStatus, inferFailedReason)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from executor.engine import gc, memoize, names, phases, progress
from executor.engine.clock import format_time, parse_time
from executor.engine.contract import TerminatePod
from executor.engine.outputs import add_globals
from executor.engine.resolve import node_template
from executor.engine.restart import restart
from executor.engine.run import Node, Run

NODE_ID = "workflows.argoproj.io/node-id"
PROGRESS = "workflows.argoproj.io/progress"
_EXECUTORS = frozenset({"init", "wait"})
Status = Mapping[str, Any]


def observe_pod(run: Run, pod: Mapping[str, Any]) -> None:
    """Carry a pod's state over to its node. Pods of no node, and nodes that have ended, are left alone."""
    node = node_of(run, pod)
    if node is None:
        return
    identity = node["id"]
    run.memory.asked.add(identity)
    lost = phases.lost(node)
    if phases.phase_fulfilled(node) or (node["phase"] in phases.COMPLETED and not lost):
        _ended(run, identity, pod)
        return
    if lost:
        run.put(identity, finishedAt=None)
        run.mark(identity, phases.PENDING, "")
    template = _template(run, node)
    if restart(run, node, pod, main_names(pod, template)):
        return
    node = run.nodes[identity]
    daemon = bool(template.get("daemon"))
    phase, message = assess(pod, daemon, str(node.get("phase")), template)
    status = pod.get("status") or {}
    host = (pod.get("spec") or {}).get("nodeName")
    if host:
        run.put(identity, hostNodeName=host)
    if daemon and phase == phases.RUNNING and _all_ready(pod):
        run.put(identity, daemoned=True, podIP=status.get("podIP") or None)
        run.touch(run.nodes[identity])
    declared = ((pod.get("metadata") or {}).get("annotations") or {}).get(PROGRESS)
    if declared and run.nodes[identity].get("progress") == "0/1" and progress.parse_progress(declared):
        run.put(identity, progress=declared)
    code = exit_code(pod)
    if code is not None:
        outputs = run.nodes[identity].get("outputs") or {}
        if outputs.get("exitCode") != str(code):
            run.put(identity, outputs={**outputs, "exitCode": str(code)})
    if template.get("containerSet"):
        _members(run, node, pod)
    if _mains_over(pod, template) and phase == phases.RUNNING and daemon:
        run.command(TerminatePod(str((pod.get("metadata") or {}).get("name"))))
    if phase in phases.COMPLETED:
        if _wait_gone(pod):
            run.put(identity, taskResultSynced=True if "taskResultSynced" in node else None)
        finished = _finished_at(pod)
        run.put(identity, finishedAt=format_time(finished) if finished else run.stamp)
        if run.nodes[identity].get("daemoned"):
            run.put(identity, daemoned=None)
            run.memory.scopes.pop(str(node.get("boundaryID") or ""), None)
        progress.resources(run, identity, pod)
    elif phase == phases.RUNNING and node["phase"] == phases.PENDING and not message:
        run.put(identity, message=None)
    run.mark(identity, phase, message if message or phase != phases.PENDING else None)
    if phase in phases.COMPLETED:
        settle(run, identity)
        _ended(run, identity, pod)


def settle(run: Run, identity: str) -> None:
    """What follows once a pod node has its phase and its task result."""
    node = run.nodes[identity]
    if not phases.phase_fulfilled(node):
        return
    run.touch(node)
    if node["phase"] == phases.SUCCEEDED:
        _name_globals(run, identity)
        add_globals(run, run.nodes[identity].get("outputs"))
        memoize.save(run, run.nodes[identity])


def _name_globals(run: Run, identity: str) -> None:
    """Outputs that were reported without their globalName get the one that the template declares."""
    node = run.nodes[identity]
    outputs = node.get("outputs") or {}
    declared = _template(run, node).get("outputs") or {}
    renewed = dict(outputs)
    for kind in ("parameters", "artifacts"):
        names_ = {d.get("name"): d["globalName"] for d in declared.get(kind) or () if d.get("globalName")}
        if names_ and outputs.get(kind):
            renewed[kind] = [
                {**o, "globalName": names_[o["name"]]}
                if o.get("name") in names_ and not o.get("globalName")
                else o
                for o in outputs[kind]
            ]
    if renewed != outputs:
        run.put(identity, outputs=renewed)


def node_of(run: Run, pod: Mapping[str, Any]) -> Node | None:
    """The node of a pod, by its annotation or its name."""
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    identity = annotations.get(NODE_ID)
    if identity is not None:
        return run.nodes.get(identity)
    name = str((pod.get("metadata") or {}).get("name") or "")
    return next(
        (n for n in run.nodes.values() if n.get("type") == "Pod" and run.pod_name_of(n) == name), None
    )


def _template(run: Run, node: Mapping[str, Any]) -> Mapping[str, Any]:
    cached = run.memory.prepared.get(node["id"])
    if cached is not None:
        return cached[-1]  # type: ignore[no-any-return]
    found = node_template(run, node)
    return found.template if found else {}


def assess(pod: Mapping[str, Any], daemon: bool, old: str, template: Mapping[str, Any]) -> tuple[str, str]:
    """The (phase, message) of the node of a pod. `old` is the phase it has."""
    status = pod.get("status") or {}
    phase = status.get("phase") or "Pending"
    if phase == "Pending":
        return phases.PENDING, _pending_reason(status)
    if phase == "Running":
        return phases.RUNNING, ""
    if phase == "Succeeded":
        result = (phases.FAILED, "") if daemon else (phases.SUCCEEDED, "")
        return (old, "") if _wait_running(status) else result
    if phase == "Failed":
        found, message = failure(pod, template)
        if daemon and found == phases.SUCCEEDED:
            found = phases.FAILED
        return found, message
    return phases.ERROR, f"Unexpected pod phase for {(pod.get('metadata') or {}).get('name')}: {phase}"


def _pending_reason(status: Status) -> str:
    for container in _statuses(status):
        waiting = (container.get("state") or {}).get("waiting")
        if (
            waiting
            and waiting.get("reason")
            and (waiting.get("message") or waiting.get("reason") != "PodInitializing")
        ):
            return (
                f"{waiting['reason']}: {waiting['message']}"
                if waiting.get("message")
                else str(waiting["reason"])
            )
    for condition in status.get("conditions") or ():
        if condition.get("reason") == "Unschedulable" and condition.get("message"):
            return f"Unschedulable: {condition['message']}"
    for container in _statuses(status):
        waiting = (container.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason"):
            return str(waiting["reason"])
    return ""


def _statuses(status: Status) -> Iterator[Status]:
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _terminated(container: Status) -> Mapping[str, Any] | None:
    return (container.get("state") or {}).get("terminated")


def _all_ready(pod: Mapping[str, Any]) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return bool(statuses) and all(s.get("ready") for s in statuses)


def _wait_running(status: Status) -> bool:
    wait = next((s for s in status.get("containerStatuses") or () if s.get("name") == "wait"), None)
    return wait is not None and _terminated(wait) is None and bool((wait.get("state") or {}).get("running"))


def _wait_gone(pod: Mapping[str, Any]) -> bool:
    """Whether the executor cannot report any more: it failed, or the pod was evicted before it could say."""
    status = pod.get("status") or {}
    wait = next((s for s in status.get("containerStatuses") or () if s.get("name") == "wait"), None)
    if wait is None:
        return bool(status.get("reason")) and status.get("phase") == "Failed"
    ended = _terminated(wait)
    return ended is not None and int(ended.get("exitCode") or 0) != 0


def main_names(pod: Mapping[str, Any], template: Mapping[str, Any]) -> set[str]:
    """The user's main containers of a pod."""
    group = template.get("containerSet")
    if group:
        return {str(c.get("name") or "main") for c in group.get("containers") or ()}
    return {"main"}


def _mains_over(pod: Mapping[str, Any], template: Mapping[str, Any]) -> bool:
    wanted = main_names(pod, template)
    mains = [s for s in (pod.get("status") or {}).get("containerStatuses") or () if s.get("name") in wanted]
    ended = [_terminated(s) for s in mains]
    if any(e is not None and int(e.get("exitCode") or 0) != 0 for e in ended):
        return True
    return bool(ended) and all(e is not None for e in ended)


def exit_code(pod: Mapping[str, Any]) -> int | None:
    """The exit code of the container called main, once it has one."""
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        if container.get("name") == "main":
            ended = _terminated(container)
            return int(ended.get("exitCode") or 0) if ended else None
    return None


def _finished_at(pod: Mapping[str, Any]) -> Any:
    latest = None
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = _terminated(container)
        if ended is None:
            return None
        moment = parse_time(ended.get("finishedAt"))
        if moment is not None and (latest is None or moment > latest):
            latest = moment
    return latest


def failure(pod: Mapping[str, Any], template: Mapping[str, Any]) -> tuple[str, str]:
    """Why a pod failed: the phase that its node gets, and the message."""
    status = pod.get("status") or {}
    if status.get("message"):
        return phases.FAILED, str(status["message"])
    mains = main_names(pod, template)
    waited = False
    for container in _ranked(status, mains):
        name = str(container.get("name"))
        if (container.get("state") or {}).get("waiting"):
            return phases.ERROR, _never_started(status, container)
        ended = _terminated(container)
        if ended is None:
            continue
        code = int(ended.get("exitCode") or 0)
        if code == 0:
            waited = waited or name == "wait"
            continue
        message = f"{name}: {ended.get('reason') or 'Error'} (exit code {code})"
        if ended.get("message"):
            message += f": {ended['message']}"
        if name in mains:
            return phases.FAILED, message
        if name in _EXECUTORS or container in (status.get("initContainerStatuses") or ()):
            return phases.ERROR, message
        if code in (137, 143):
            continue
        return phases.FAILED, message
    if _succeeded(status, mains):
        return phases.SUCCEEDED, ""
    return phases.FAILED, f"pod failed: {status.get('reason') or 'no container says why'}"


def _never_started(status: Status, first: Status) -> str:
    """Upstream tells of the first container that waits; one that only waits for another says nothing, so that other is told of."""
    waiting = [one for one in _statuses(status) if (one.get("state") or {}).get("waiting")]
    told = next((one for one in (first, *waiting) if one["state"]["waiting"].get("message")), first)
    why = told["state"]["waiting"]
    reason = f"{why.get('reason', '')}: {why.get('message', '')}"
    return f"Pod failed before {told.get('name')} container starts due to {reason}"


def _ranked(status: Status, mains: set[str]) -> list[Status]:
    containers = list(status.get("containerStatuses") or ())

    def rank(container: Status) -> int:
        name = container.get("name")
        return 0 if name in mains else 1 if name == "wait" else 2

    return [*(status.get("initContainerStatuses") or ()), *sorted(containers, key=rank)]


def _succeeded(status: Status, mains: set[str]) -> bool:
    ended = {s.get("name"): _terminated(s) for s in status.get("containerStatuses") or ()}
    needed = [*mains, "wait"] if "wait" in ended else [*mains]
    states = [ended.get(name) for name in needed]
    return all(e is not None and int(e.get("exitCode") or 0) == 0 for e in states)


def _members(run: Run, node: Mapping[str, Any], pod: Mapping[str, Any]) -> None:
    """The nodes of a containerSet's containers follow their containers."""
    status = pod.get("status") or {}
    if status.get("phase") == "Failed" and not status.get("containerStatuses"):
        for member in [n for n in run.children(node) if n.get("type") == "Container"]:
            if not phases.fulfilled(member):
                _end_members(run, member, "Pod Failed whilst container running")
    for container in status.get("containerStatuses") or ():
        child = run.named(names.child_name(node["name"], str(container.get("name"))))
        if child is None or child.get("type") != "Container" or phases.fulfilled(child):
            continue
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended is not None:
            code = int(ended.get("exitCode") or 0)
            message = f"{container['name']}: {ended.get('reason') or 'Error'} (exit code {code}): {ended.get('message') or ''}"
            if code == 0:
                run.mark(child["id"], phases.SUCCEEDED)
            else:
                run.mark(child["id"], phases.ERROR if code == 64 else phases.FAILED, message)
        elif status.get("phase") == "Failed":
            run.mark(child["id"], phases.FAILED, "Pod Failed whilst container running")
        elif state.get("waiting"):
            run.mark(
                child["id"],
                phases.PENDING,
                str(state["waiting"].get("message") or state["waiting"].get("reason") or ""),
            )
        elif state.get("running"):
            run.mark(child["id"], phases.RUNNING, "")


def _end_members(run: Run, node: Node, message: str) -> None:
    """A container that never ran, and those that wait for it."""
    run.mark(node["id"], phases.FAILED, message)
    for child in run.children(run.nodes[node["id"]]):
        if child.get("type") == "Container" and not phases.fulfilled(child):
            _end_members(run, child, message)


def pod_deleted(run: Run, pod_name: str) -> None:
    """A pod that is gone takes its node with it, unless the node has ended.

    If its executor had begun to report and had not finished (its machine died, or it was deleted by force), there will
    be another pod, as upstream's controller makes one for every node that has not ended for good.
    """
    for identity, node in list(run.nodes.items()):
        if node.get("type") != "Pod" or phases.phase_fulfilled(node) or run.pod_name_of(node) != pod_name:
            continue
        if node["phase"] == phases.PENDING:
            run.memory.asked.discard(identity)
            run.touch(node)
            continue
        run.put(identity, daemoned=None)
        run.mark(identity, phases.ERROR, phases.POD_DELETED)
        for child in [
            n for n in run.nodes.values() if n.get("boundaryID") == identity and n.get("type") == "Container"
        ]:
            run.mark(child["id"], phases.ERROR, "container deleted")
        if phases.lost(run.nodes[identity]):
            run.memory.asked.discard(identity)
            run.touch(node)


def _ended(run: Run, identity: str, pod: Mapping[str, Any]) -> None:
    """A node that has ended keeps its phase; its pod is cleaned up once it has ended too."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed") and phases.phase_fulfilled(
        run.nodes[identity]
    ):
        gc.pod_ended(run, pod)


def observe_task_result(run: Run, result: Mapping[str, Any]) -> None:
    """Take over what the executor reported of a node: outputs, progress, and whether that was all."""
    metadata = result.get("metadata") or {}
    identity = str(metadata.get("name") or "")
    node = run.nodes.get(identity)
    if node is None or node.get("type") != "Pod":
        return
    reported = result.get("outputs")
    if reported:
        outputs = {**(node.get("outputs") or {}), **{k: v for k, v in reported.items() if v is not None}}
        if outputs != node.get("outputs"):
            run.put(identity, outputs=outputs)
            if phases.phase_fulfilled(node):
                run.touch(node)
    if result.get("progress"):
        run.put(identity, progress=str(result["progress"]))
    complete = (metadata.get("labels") or {}).get("workflows.argoproj.io/report-outputs-completed")
    if "taskResultSynced" in node and complete in ("true", "false"):
        was = phases.phase_fulfilled(run.nodes[identity])
        if complete == "true":
            run.put(identity, taskResultSynced=True)
        elif not was:
            run.put(identity, taskResultSynced=False)
        if not was and phases.phase_fulfilled(run.nodes[identity]):
            settle(run, identity)
