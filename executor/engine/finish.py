"""How a workflow begins and ends: phases, exit handlers, what is cleaned up (upstream: operator.go)."""

from __future__ import annotations

import json
from typing import Any

from executor.engine import artifacts, gc, gojson, locks, metrics, names, phases, shutdown
from executor.engine.clock import seconds_between
from executor.engine.execute import execute_template
from executor.engine.faults import Held, TemplateFault, TimedOut, WorkflowFault
from executor.engine.graph import end_daemon
from executor.engine.limits import may_execute
from executor.engine.resolve import local_base
from executor.engine.run import Node, Run
from executor.engine.scope import Scope, resolve_artifacts
from executor.engine.substitute import evaluate_bool, substitute

PREFIX = "workflows.argoproj.io/"


def set_phase(run: Run, phase: str, message: str | None = None) -> None:
    """Move the workflow to a phase (upstream: markWorkflowPhase)."""
    before = run.phase
    if phase in phases.COMPLETED and _must_wait(run):
        return
    if before != phase:
        run.set_status("phase", phase)
        run.set_label(f"{PREFIX}phase", phase)
        if f"{PREFIX}completed" not in run.labels:
            run.set_label(f"{PREFIX}completed", "false")
        _event(run, phase, message or "")
    if not run.status.get("startedAt") and phase != phases.PENDING:
        run.set_status("startedAt", run.stamp)
        run.set_status("finishedAt", None)
    if message is not None and (run.status.get("message") or "") != message:
        run.set_status("message", message or None)
    if phase in phases.COMPLETED:
        run.set_status("finishedAt", run.stamp)
        run.set_label(f"{PREFIX}completed", "true")
        run.set_condition("Completed", "True")
        root = run.nodes.get(run.name)
        if phase == phases.ERROR and root is not None and root.get("phase") == phases.RUNNING:
            run.mark(run.name, phases.ERROR, "Workflow operation error")
        shutdown.end_leftovers(run)
        locks.release_all(run)
        gc.workflow_ended(run)
        metrics.of_workflow(run)


def _event(run: Run, phase: str, message: str) -> None:
    if phase == phases.RUNNING:
        run.event("Normal", "WorkflowRunning", "Workflow Running")
    elif phase == phases.SUCCEEDED:
        run.event("Normal", "WorkflowSucceeded", "Workflow completed")
    elif phase in phases.FAILURES:
        run.event("Warning", "WorkflowFailed", message)


def _must_wait(run: Run) -> bool:
    """A workflow does not end while a result is outstanding or a daemon is up; daemons are ended."""
    waiting = False
    for identity, node in list(run.nodes.items()):
        if node.get("daemoned"):
            end_daemon(run, identity)
        if node.get("taskResultSynced") is False:
            waiting = True
    return waiting


def fail_workflow(run: Run, phase: str, message: str) -> None:
    """End the workflow for a fault of its own or of its surroundings."""
    set_phase(run, phase, message)


def take_workflow_lock(run: Run) -> bool:
    """Whether the workflow has its locks; if not, it is Pending with the lock's message."""
    wanted = run.spec.get("synchronization")
    if not wanted:
        return True
    try:
        waiting = locks.acquire(run, wanted)
    except TemplateFault as error:
        raise WorkflowFault(f"Failed to acquire the synchronization lock. {error}", "Failed") from None
    if waiting is None:
        return True
    if run.shutdown == "Terminate" and run.phase in ("", phases.PENDING):
        # It never ran, so nothing of it failed: upstream's releaseLocksForPendingShuttingdownWfs.
        set_phase(run, phases.SUCCEEDED, "")
        return False
    phase = run.phase or phases.PENDING
    set_phase(run, phase, waiting.message)
    return False


def begin(run: Run) -> None:
    """What comes with the first pass that runs."""
    gc.create_disruption_budget(run)
    set_phase(run, phases.RUNNING, "")
    metrics.workflow_started(run)
    baseline = (run.context.baseline or {}).get("status") or {}
    if baseline.get("finishedAt"):
        run.set_status(
            "estimatedDuration",
            int(seconds_between(baseline.get("startedAt"), baseline["finishedAt"], run.now)),
        )
    if names.POD_NAME_ANNOTATION not in run.annotations:
        run.set_annotation(names.POD_NAME_ANNOTATION, "v2")


def prepare(run: Run) -> None:
    """What must be there before pods are made: the artifact repository and the volume claims."""
    artifacts.resolve_repository(run)
    gc.create_claims(run)


def failures_text(run: Run) -> str:
    """`workflow.failures`: the failed nodes as JSON, quoted as a JSON string."""
    found = []
    for node in run.nodes.values():
        if phases.failed(node):
            found.append(
                {
                    "displayName": node.get("displayName"),
                    "message": node.get("message") or "",
                    "templateName": node.get("templateName") or "",
                    "phase": node.get("phase"),
                    "podName": run.pod_name_of(node) if node.get("type") == "Pod" else node["id"],
                    "finishedAt": node.get("finishedAt"),
                }
            )
    return json.dumps(gojson.marshal(found or None), ensure_ascii=False)


def conclude(run: Run, root: Node, hooking: Any) -> bool:
    """Hooks, exit handler and last phase of the workflow. False once it has ended."""
    status = root["phase"]
    if status in phases.PASSED_OVER:
        status = phases.SUCCEEDED
    run.globals["workflow.status"] = status if phases.fulfilled(root) else phases.RUNNING
    if phases.fulfilled(root):
        run.globals["workflow.failures"] = failures_text(run)
    if not _workflow_hooks(run, root, hooking) or not phases.phase_fulfilled(root):
        return True
    root = run.nodes[run.name]
    handler = _exit_handler(run)
    if handler is not None and not phases.phase_fulfilled(handler):
        return True
    phase, message = status, ""
    if status == phases.SUCCEEDED:
        if handler is not None and phases.failed(handler):
            phase, message = handler["phase"], handler.get("message") or ""
    else:
        message = (
            f"Stopped with strategy '{run.shutdown}'"
            if run.shutdown and status == phases.FAILED
            else root.get("message") or ""
        )
    set_phase(run, phase, message)
    return not phases.workflow_completed(run.wf)


def _workflow_hooks(run: Run, root: Node, hooking: Any) -> bool:
    hooks = run.spec.get("hooks") or {}
    done = True
    for hook_name, hook in sorted(hooks.items()):
        if hook_name == hooking.EXIT:
            continue
        name = names.hook_name(run.name, hook_name)
        present = run.named(name)
        if present is None:
            try:
                if not evaluate_bool(str(hook.get("expression") or ""), run.globals):
                    continue
            except TemplateFault as error:
                raise WorkflowFault(str(error)) from None
            if not may_execute(run, True):
                continue
        done = _run_handler(run, name, hook, in_exit=False) and done
        if run.named(name) is not None:
            run.link(root["id"], run.id_of(name))
    return done


def _run_handler(run: Run, name: str, hook: Any, *, in_exit: bool) -> bool:
    present = run.named(name)
    if present is not None and phases.phase_fulfilled(present):
        return True
    arguments = hook.get("arguments") or run.spec.get("arguments") or {}
    try:
        arguments = substitute(arguments, run.globals)
        scope = Scope()
        for artifact in (run.status.get("outputs") or {}).get("artifacts") or ():
            scope.artifacts[f"workflow.outputs.artifacts.{artifact.get('name')}"] = artifact
        arguments = resolve_artifacts(run, arguments, scope)
        holder = {k: hook[k] for k in ("template", "templateRef") if hook.get(k)}
        execute_template(run, name, holder, local_base(run), arguments, "", hooked=True, in_exit=in_exit)
    except Held:
        run.restless = True
        return False
    except TimedOut:
        return True
    except TemplateFault as error:
        raise WorkflowFault(
            f"error in exit template execution : {error}" if in_exit else str(error)
        ) from None
    found = run.named(name)
    return found is not None and phases.phase_fulfilled(found)


def _exit_handler(run: Run) -> Node | None:
    hook = (run.spec.get("hooks") or {}).get("exit")
    if hook is None and run.spec.get("onExit"):
        hook = {"template": run.spec["onExit"]}
    if hook is None:
        return None
    name = names.exit_name(run.name)
    if run.named(name) is None and run.shutdown == "Terminate":
        # One that is under way is still seen to: that its steps were ended is what the workflow fails for.
        return None
    if run.named(name) is None and hook.get("expression"):
        try:
            if not evaluate_bool(str(hook["expression"]), run.globals):
                return None
        except TemplateFault as error:
            raise WorkflowFault(str(error)) from None
    _run_handler(run, name, hook, in_exit=True)
    return run.named(name) or {"phase": phases.RUNNING}
