"""Carrying one template forward under one node name (upstream: operator.go executeTemplate)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import limits, locks, memoize, names, phases, retry, rules
from executor.engine.contract import DeletePod
from executor.engine.create import error_node
from executor.engine.faults import Held, TemplateFault, TimedOut
from executor.engine.inputs import process_inputs
from executor.engine.resolve import POD_TYPES, Base, Resolved, resolve
from executor.engine.run import Node, Run
from executor.engine.scope import last_attempt
from executor.engine.substitute import substitute
from executor.engine.types import HANDLERS, Call, failed_node, node_of
from executor.engine.variables import with_globals

MAX_DEPTH = 100
TOO_DEEP = (
    "Maximum recursion depth exceeded. "
    "See https://argo-workflows.readthedocs.io/en/latest/scaling/#maximum-recursion-depth"
)
DISPLAY_NAME = "workflows.argoproj.io/display-name"


class TooDeep(TemplateFault):
    """Templates nest deeper than upstream lets them."""


def execute_template(
    run: Run,
    name: str,
    holder: Mapping[str, Any],
    base: Base,
    arguments: Mapping[str, Any],
    boundary: str,
    *,
    hooked: bool = False,
    in_exit: bool = False,
) -> Node:
    """Create the node called `name`, or move it on. Returns the node as it then is.

    Held: it cannot be started or continued now. TemplateFault: the node is in Error, and so must its parent be.
    TimedOut: the node failed by its own deadline.
    """
    identity = run.id_of(name)
    node = run.nodes.get(identity)
    if node is not None:
        if phases.fulfilled(node) and not daemon_is_gone(run, node):
            locks.release(run, node)
            return node
        if only_waits(run, node):
            return node
    if run.depth + 1 >= MAX_DEPTH and rules.depth_is_limited(run):
        flag = {"hooked": hooked}
        error_node(run, name, TOO_DEEP, holder=holder, base=base, boundary=boundary, flag=flag)
        raise TooDeep(TOO_DEEP)
    run.depth += 1
    in_exit = in_exit or run.exit_depth > 0
    run.exit_depth += 1 if in_exit else 0
    try:
        return _execute(run, name, holder, base, arguments, boundary, hooked, in_exit)
    finally:
        run.depth -= 1
        run.exit_depth -= 1 if in_exit else 0


def daemon_is_gone(run: Run, node: Mapping[str, Any]) -> bool:
    """Whether a retried daemon counts as up though its attempt has ended: another attempt may be due."""
    if node["type"] != "Retry" or phases.phase_fulfilled(node):
        return False
    last = last_attempt(run, node)
    return last is not None and phases.phase_fulfilled(last)


def only_waits(run: Run, node: Mapping[str, Any]) -> bool:
    """Whether nothing but an observation can move this node: its pod runs, or was asked for."""
    memory, kind = run.memory, node["type"]
    if kind == "Retry":
        last = last_attempt(run, node)
        if last is None or last["type"] != "Pod" or phases.fulfilled(last):
            return False
        node = last
    elif kind != "Pod":
        return False
    phase = node["phase"]
    if phase == phases.RUNNING:
        return True
    return (
        phase == phases.PENDING
        and node["id"] in memory.asked
        and node["id"] in memory.prepared
        and node["id"] not in memory.timed
        and not node.get("synchronizationStatus")
    )


def _execute(
    run: Run,
    name: str,
    holder: Mapping[str, Any],
    base: Base,
    arguments: Mapping[str, Any],
    boundary: str,
    hooked: bool,
    in_exit: bool,
) -> Node:
    identity = run.id_of(name)
    node = run.nodes.get(identity)
    flag = {"hooked": hooked}
    try:
        resolved = resolve(run, base, holder)
        template = _processed(run, identity, name, holder, resolved, arguments)
    except TemplateFault as error:
        error_node(run, name, str(error), holder=holder, base=base, boundary=boundary, flag=flag)
        raise
    call = Call(name, holder, base, resolved, template, boundary, flag, in_exit)
    if not (template.get("annotations") or {}).get(DISPLAY_NAME) or not rules.display_names_are_set(run):
        return _carry_on(run, call, node)
    _carry_on(run, call, node)
    return _rename(run, run.nodes[identity], template, holder, base, boundary)


def _carry_on(run: Run, call: Call, node: Node | None) -> Node:
    """Whatever may keep the node from going on, and then the template's type."""
    template, identity, resolved = call.template, run.id_of(call.name), call.resolved
    try:
        limits.check_timeout(run, template, node, identity)
    except TimedOut as error:
        failed = run.mark(identity, phases.FAILED, str(error))
        locks.release(run, failed)
        if failed["type"] == "Pod":
            run.command(DeletePod(run.pod_name_of(failed)))
        raise
    limits.check_parallelism(run, template, resolved.kind, node, call.boundary)
    waiting, unlocked = _lock(run, call, node)
    if waiting is not None:
        return waiting
    if template.get("memoize") and (node is None or unlocked):
        node = memoize.lookup(run, call, node)
        if node is not None and phases.fulfilled(node):
            locks.release(run, node)
            return node
    strategy = template.get("retryStrategy", run.spec.get("retryStrategy"))
    if strategy is not None and not (template.get("daemon") and not rules.daemons_retry(run)):
        return _execute_retried(run, call, strategy)
    return _dispatch(run, call, None)


def _processed(
    run: Run,
    identity: str,
    name: str,
    holder: Mapping[str, Any],
    resolved: Resolved,
    arguments: Mapping[str, Any],
) -> Mapping[str, Any]:
    """The template with its inputs, remembered while nothing it depends on changed."""
    memory = run.memory
    cached = memory.prepared.get(identity)
    if (
        cached is not None
        and cached[0] is resolved.template
        and (cached[1] is arguments or cached[1] == arguments)
        and cached[2] == memory.globals_version
    ):
        return cached[3]  # type: ignore[no-any-return]
    local = {"node.name": name}
    retried = resolved.template.get("retryStrategy", run.spec.get("retryStrategy"))
    if resolved.kind in POD_TYPES and retried is None:
        local["pod.name"] = run.pod_name(name, resolved.template)
    for kind in ("steps", "tasks"):
        if holder.get("kind") == kind or holder.get("name"):
            local[f"{kind}.name"] = str(holder.get("name") or "")
    template = process_inputs(run, resolved.template, arguments, local)
    memory.prepared[identity] = (resolved.template, arguments, memory.globals_version, template)
    return template


def _rename(
    run: Run, node: Node, template: Mapping[str, Any], holder: Mapping[str, Any], base: Base, boundary: str
) -> Node:
    wanted = str(template["annotations"][DISPLAY_NAME])
    if node.get("displayName") == wanted:
        return node
    if not names.is_display_name(wanted):
        message = f"displayName '{wanted}' is invalid: it must be a valid DNS label of at most 63 characters"
        error_node(run, node["name"], message, holder=holder, base=base, boundary=boundary)
        raise TemplateFault(message)
    return run.put(node["id"], displayName=wanted)


def _lock(run: Run, call: Call, node: Node | None) -> tuple[Node | None, bool]:
    """(the node that waits for a lock, or None; whether a node that waited has its lock now)."""
    wanted = call.template.get("synchronization")
    if not wanted:
        return None, False
    identity = run.id_of(call.name)
    try:
        waiting = locks.acquire(run, wanted, identity)
    except TemplateFault as error:
        failed_node(run, call, str(error))
        raise
    if waiting is None:
        if node is not None and node.get("synchronizationStatus"):
            run.put(identity, synchronizationStatus=None, message=None)
            return None, True
        return None, False
    run.restless = True
    if node is None:
        kind = "Retry" if _strategy(run, call) is not None else call.node_type
        node = node_of(run, call, kind, phases.PENDING, expects_result=kind == "Pod")
    return run.put(identity, message=waiting.message, synchronizationStatus={"waiting": waiting.key}), False


def _strategy(run: Run, call: Call) -> Mapping[str, Any] | None:
    strategy: Mapping[str, Any] | None = call.template.get("retryStrategy") or run.spec.get("retryStrategy")
    return strategy


def _execute_retried(run: Run, call: Call, strategy: Mapping[str, Any]) -> Node:
    """The Retry node stands for the template; what runs is its next or present attempt."""
    identity = run.id_of(call.name)
    while True:
        parent = run.nodes.get(identity)
        if parent is None:
            parent = node_of(run, call, "Retry", phases.RUNNING)
        elif parent.get("phase") == phases.PENDING:
            parent = run.mark(identity, phases.RUNNING)
        ended = phases.phase_fulfilled(parent)
        try:
            verdict = retry.decide(run, parent, strategy)
        except TemplateFault as error:
            run.mark(identity, phases.ERROR, str(error))
            raise
        parent = run.nodes[identity]
        if parent["phase"] == phases.SUCCEEDED and not ended:
            memoize.save(run, parent)
        if verdict == retry.WAIT:
            return parent
        if verdict == retry.DONE:
            locks.release(run, parent)
            return parent
        attempts = retry.attempts(run, parent)
        if verdict == retry.CONTINUE:
            attempt_name = attempts[-1]["name"]
            number = len(attempts) - 1
        else:
            number = len(attempts)
            attempt_name = names.attempt_name(call.name, number)
            run.link(identity, run.id_of(attempt_name))
        template = _attempt_template(run, call, attempt_name, number, parent)
        attempt = call._replace(
            name=attempt_name, template=template, flag={**call.flag, "hooked": False, "retried": True}
        )
        try:
            node = _dispatch(run, attempt, strategy)
        except TemplateFault as error:
            run.mark(identity, phases.ERROR, str(error))
            raise
        if not phases.phase_fulfilled(node):
            if phases.fulfilled(node):
                run.put(identity, daemoned=True, podIP=node.get("podIP"))
            return run.nodes[identity]


def _attempt_template(
    run: Run, call: Call, name: str, number: int, parent: Mapping[str, Any]
) -> Mapping[str, Any]:
    key = run.id_of(name)
    cached = run.memory.prepared.get(key)
    if cached is not None and cached[0] is call.template:
        return cached[1]  # type: ignore[no-any-return]
    local: dict[str, str] = {"retries": str(number)}
    if call.resolved.kind in POD_TYPES:
        local["pod.name"] = run.pod_name(name, call.template)
    local.update(retry.last_retry_variables(run, parent, before=name))
    body = {k: v for k, v in call.template.items() if k != "inputs"}
    template: dict[str, Any] = dict(substitute(body, with_globals(run, local)))
    if "inputs" in call.template:
        template["inputs"] = call.template["inputs"]
    run.memory.prepared[key] = (call.template, template)
    return template


def _dispatch(run: Run, call: Call, strategy: Mapping[str, Any] | None) -> Node:
    """Let the template's type carry its node on; a fault puts the node in Error."""
    identity = run.id_of(call.name)
    try:
        node = HANDLERS[call.resolved.kind](run, call)
    except TemplateFault as error:
        node = failed_node(run, call, str(error))
        if strategy is None or retry.policy(run, strategy) not in ("Always", "OnError"):
            locks.release(run, node)
            raise
        return node
    except Held:
        if identity in run.nodes:
            return run.nodes[identity]
        raise
    node = run.nodes[node["id"]]
    if phases.fulfilled(node) and not (node.get("nodeFlag") or {}).get("retried"):
        locks.release(run, node)
    return node
