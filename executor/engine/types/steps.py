"""steps templates (upstream: steps.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from executor.engine import graph, hooks, memoize, names, phases
from executor.engine.create import error_node, new_node
from executor.engine.execute import TooDeep, daemon_is_gone, execute_template, only_waits
from executor.engine.faults import Full, Held, TemplateFault, TimedOut
from executor.engine.loops import expand, is_loop
from executor.engine.outputs import add_globals, template_outputs
from executor.engine.references import continues_on, resolve_references
from executor.engine.resolve import Base
from executor.engine.run import Node, Run
from executor.engine.scope import Scope, add_aggregate, add_node, new_scope
from executor.engine.substitute import should_execute
from executor.engine.types import Call, node_of
from executor.engine.variables import with_globals

Step = Mapping[str, Any]


class _Steps:
    """What the groups of one steps node share."""

    __slots__ = ("base", "identity", "in_exit", "name", "scope")

    def __init__(self, name: str, identity: str, base: Base, scope: Scope, in_exit: bool) -> None:
        self.name, self.identity, self.base, self.scope, self.in_exit = name, identity, base, scope, in_exit


def execute(run: Run, call: Call) -> Node:
    """Run the groups of steps one after the other."""
    identity = run.id_of(call.name)
    node = run.nodes.get(identity)
    if node is None or node.get("phase") == phases.PENDING:
        node = _start(run, call, node)
    elif graph.is_idle(run, identity):
        return node
    graph.begin(run, identity)
    quiet_before = run.restless
    run.restless = False
    try:
        node = _run_groups(run, call, identity)
    finally:
        graph.finish(run, identity, restless=run.restless)
        run.restless = run.restless or quiet_before
    if phases.fulfilled(run.nodes[identity]):
        graph.end_daemons(run, identity)
    return run.nodes[identity]


def _start(run: Run, call: Call, node: Node | None) -> Node:
    if node is not None:
        return run.mark(node["id"], phases.RUNNING)
    return node_of(run, call, "Steps", phases.RUNNING)


def _run_groups(run: Run, call: Call, identity: str) -> Node:
    template = call.template
    first, scope = _known_scope(run, template, identity)
    steps = _Steps(call.name, identity, call.resolved.base, scope, call.in_exit)
    groups = template.get("steps") or []
    for index, group in enumerate(groups):
        if index < first:
            continue
        group_node = _open_group(run, steps, index)
        group = group or []
        if not phases.fulfilled(group_node) or _is_undone(run, group_node):
            try:
                group_node = _run_group(run, steps, group, group_node)
            except TemplateFault as error:
                # Of an exit handler that cannot run: it has no node to be in Error.
                run.mark(group_node["id"], phases.ERROR, str(error))
                _set_outbound(run, steps, len(groups))
                return run.mark(identity, phases.ERROR, str(error))
            if not phases.fulfilled(group_node):
                return run.nodes[identity]
        if phases.failed(group_node):
            _set_outbound(run, steps, len(groups))
            return run.mark(identity, phases.FAILED, group_node.get("message") or "")
        for step in group:
            _add_step(run, steps, group_node, step)
        run.memory.scopes[identity] = (run.memory.globals_version, template, index + 1, scope)
    _set_outbound(run, steps, len(groups))
    try:
        outputs = template_outputs(run, template, steps.scope)
    except TemplateFault as error:
        run.mark(identity, phases.ERROR, str(error))
        raise
    if outputs:
        run.put(identity, outputs=outputs)
        add_globals(run, outputs)
    memoize.save(run, run.nodes[identity])
    return run.mark(identity, phases.SUCCEEDED)


def _known_scope(run: Run, template: Mapping[str, Any], identity: str) -> tuple[int, Scope]:
    """The first group that has not succeeded yet, and the scope that those before it left; they do not change any more."""
    known = run.memory.scopes.get(identity)
    if known is not None and known[0] == run.memory.globals_version and known[1] is template:
        return known[2], known[3]
    return 0, new_scope(template, run)


def _open_group(run: Run, steps: _Steps, index: int) -> Node:
    name = names.group_name(steps.name, index)
    node = run.named(name)
    if node is not None:
        return node
    node = new_node(
        run, name, "StepGroup", phases.RUNNING, holder={}, base=steps.base, boundary=steps.identity
    )
    if index == 0:
        run.link(steps.identity, node["id"])
        return node
    previous = run.id_of(names.group_name(steps.name, index - 1))
    children = run.nodes[previous].get("children") or ()
    if not children:
        run.link(previous, node["id"])
    for child in children:
        for outbound in graph.outbound(run, child):
            run.link(outbound, node["id"])
    return node


def _is_undone(run: Run, group_node: Node) -> bool:
    """Whether a daemon of a group that had succeeded has died: the group fails, or waits for the next attempt.

    If nothing runs any more, it is too late for that (upstream: childrenFulfilled).
    """
    if group_node["phase"] != phases.SUCCEEDED:
        return False
    children = run.children(group_node)
    shaken = (phases.failed(c) or not phases.fulfilled(c) or daemon_is_gone(run, c) for c in children)
    if not any(shaken) or _all_ended(run, group_node):
        return False
    run.memory.expanded.pop(group_node["id"], None)
    return True


def _all_ended(run: Run, node: Node) -> bool:
    seen: set[str] = set()
    stack = [node["id"]]
    while stack:
        identity = stack.pop()
        if identity in seen:
            continue
        seen.add(identity)
        children = run.nodes[identity].get("children") or ()
        if not children and not phases.fulfilled(run.nodes[identity]):
            return False
        stack += [child for child in children if child in run.nodes]
    return True


def _set_outbound(run: Run, steps: _Steps, count: int) -> None:
    """The outbound nodes of the last group that was begun are those of the steps node."""
    for index in range(count - 1, -1, -1):
        group = run.named(names.group_name(steps.name, index))
        if group is not None:
            found: list[str] = []
            for child in group.get("children") or ():
                found += graph.outbound(run, child)
            run.put(steps.identity, outboundNodes=found or None)
            return


def _add_step(run: Run, steps: _Steps, group_node: Node, step: Step) -> None:
    """Put a finished step of a finished group into the scope."""
    prefix = f"steps.{step.get('name')}"
    name = names.child_name(group_node["name"], str(step.get("name")))
    child = run.named(name)
    if child is not None:
        add_node(run, steps.scope, prefix, child, steps.base)
        return
    children = [c for c in run.children(group_node) if c["name"].startswith(f"{name}(")]
    add_aggregate(steps.scope, prefix, children)
    add_node(run, steps.scope, prefix, {**group_node, "outputs": None}, steps.base)


class _Group:
    """A group's steps with references replaced and loops unrolled. `open` are those that need a look in every visit."""

    __slots__ = ("items", "open", "version")

    def __init__(self, version: int, items: list[_Item]) -> None:
        self.version, self.items, self.open = version, items, items


class _Item(NamedTuple):
    step: Step
    name: str
    child_id: str
    hooked: bool


def _expanded(run: Run, steps: _Steps, group: list[Step], group_node: Node) -> _Group:
    """The same objects in every pass, as long as no global variable changes."""
    key = group_node["id"]
    memory = run.memory
    cached = memory.expanded.get(key)
    if cached is not None and cached.version == memory.globals_version:
        return cached  # type: ignore[no-any-return]
    items: list[_Item] = []
    for step in group:
        step = resolve_references(run, step, steps.scope)
        if not is_loop(step):
            items.append(_item(run, step, group_node))
            continue
        expanded = expand(step, with_globals(run))
        if not expanded:
            name = names.child_name(group_node["name"], str(step.get("name")))
            if run.named(name) is None:
                child = new_node(
                    run, name, "Skipped", phases.SKIPPED, holder=step, base=steps.base, boundary=steps.identity,
                    message="Skipped, empty params",
                )  # fmt: skip
                run.link(group_node["id"], child["id"])
        items += [_item(run, one, group_node) for one in expanded]
    memory.expanded[key] = _Group(memory.globals_version, items)
    return memory.expanded[key]  # type: ignore[no-any-return]


def _item(run: Run, step: Step, group_node: Node) -> _Item:
    name = names.child_name(group_node["name"], str(step.get("name")))
    return _Item(step, name, run.id_of(name), hooks.has_hooks(step))


def _run_group(run: Run, steps: _Steps, group: list[Step], group_node: Node) -> Node:
    identity = group_node["id"]
    try:
        expanded = _expanded(run, steps, group, group_node)
    except Held:
        run.restless = True
        return run.nodes[identity]
    except TemplateFault as error:
        return run.mark(identity, phases.ERROR, str(error))
    still_open: list[_Item] = []
    full = False
    nodes = run.nodes
    for item in expanded.open:
        child = nodes.get(item.child_id)
        if child is None and full:
            still_open.append(item)
            continue
        if child is not None and not item.hooked and only_waits(run, child):
            if not child.get("daemoned"):
                still_open.append(item)
            continue
        try:
            ended = _run_step(run, steps, item, identity)
        except Full:
            full = True
            ended = None
        except TemplateFault as error:
            return run.mark(identity, phases.ERROR, str(error))
        if ended is not None:
            return ended
        if not _is_done(run, steps, item, identity):
            still_open.append(item)
    expanded.open = still_open
    if still_open:
        return run.mark(identity, phases.RUNNING)
    for child in run.children(run.nodes[identity]):
        add_globals(run, child.get("outputs"))
    for item in expanded.items:
        child = run.nodes[item.child_id]
        if phases.failed(child) and not continues_on(item.step, child["phase"]):
            return run.mark(identity, phases.FAILED, f"child '{child['id']}' failed")
    return run.mark(identity, phases.SUCCEEDED)


def _run_step(run: Run, steps: _Steps, item: _Item, group_id: str) -> Node | None:
    """Carry one step on. Returns the group's node if this ends the group."""
    step, name, child_id, _ = item
    child = run.nodes.get(child_id)
    if child is not None and phases.phase_fulfilled(child):
        run.link(group_id, child_id)
        execute_template(run, name, step, steps.base, {}, steps.identity)
        return None
    try:
        if child is None and not should_execute(step.get("when")):
            new_node(
                run, name, "Skipped", phases.SKIPPED, holder=step, base=steps.base, boundary=steps.identity,
                message=f"when '{step.get('when')}' evaluated false",
            )  # fmt: skip
            run.link(group_id, child_id)
            return None
    except TemplateFault as error:
        error_node(run, name, str(error), holder=step, base=steps.base, boundary=steps.identity)
        run.link(group_id, child_id)
        return run.mark(group_id, phases.ERROR, str(error))
    try:
        execute_template(
            run, name, step, steps.base, step.get("arguments") or {}, steps.identity, in_exit=steps.in_exit
        )
    except Held as held:
        if child_id in run.nodes:
            run.link(group_id, child_id)
        elif isinstance(held, Full):
            raise
        return None
    except TooDeep:
        run.link(group_id, child_id)
        return None
    except TimedOut:
        run.link(group_id, child_id)
        return run.mark(group_id, phases.FAILED, f"child '{name}' timedout")
    except TemplateFault as error:
        run.link(group_id, child_id)
        return run.mark(
            group_id, phases.ERROR, f"step group deemed errored due to child {name} error: {error}"
        )
    run.link(group_id, child_id)
    return None


def _is_done(run: Run, steps: _Steps, item: _Item, group_id: str) -> bool:
    """Whether a step and all its hooks have ended. Starts hooks that are due."""
    child = run.nodes.get(item.child_id)
    if child is None:
        return False
    if item.hooked and not _step_hooks(run, steps, item.step, child):
        return False
    return phases.fulfilled(run.nodes[item.child_id])


def _step_hooks(run: Run, steps: _Steps, step: Step, child: Node) -> bool:
    prefix = f"steps.{str(step.get('name')).split('(', 1)[0]}"
    scope = steps.scope.copy()
    add_node(run, scope, prefix, child, steps.base)
    if any(hook.get("expression") for _, hook in hooks.other_hooks(step)):
        run.restless = True
    try:
        if not hooks.run_hooks(run, step, child, steps.identity, steps.base, prefix, scope):
            return False
        child = run.nodes[child["id"]]
        if not phases.completed(child):
            return True
        return hooks.run_exit_hook(run, step, child, steps.identity, steps.base, prefix, scope)
    except Held:
        run.restless = True
        return False
