"""dag templates (upstream: dag.go)."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Any, NamedTuple

from executor.engine import dag_phase, graph, hooks, memoize, names, phases
from executor.engine.create import error_node, new_node
from executor.engine.dag_plan import Plan, plan_of
from executor.engine.execute import TooDeep, execute_template, only_waits
from executor.engine.faults import Held, TemplateFault, TimedOut
from executor.engine.limits import may_execute
from executor.engine.loops import expand, is_loop
from executor.engine.outputs import add_globals, template_outputs
from executor.engine.references import continues_on, resolve_references
from executor.engine.rerun import CARRIED
from executor.engine.run import Node, Run
from executor.engine.scope import Scope, add_aggregate, add_node, new_scope
from executor.engine.substitute import should_execute
from executor.engine.types import Call, node_of
from executor.engine.variables import with_globals

Task = Mapping[str, Any]


class _One(NamedTuple):
    """A task, or one iteration of its loop."""

    task: Task
    name: str
    identity: str


class _Dag:
    """What the tasks of one DAG node share during one visit."""

    __slots__ = ("base", "identity", "in_exit", "name", "plan", "run", "template")

    def __init__(self, run: Run, call: Call, identity: str, plan: Plan) -> None:
        self.run, self.plan, self.identity, self.name = run, plan, identity, call.name
        self.template, self.base, self.in_exit = call.template, call.resolved.base, call.in_exit

    def name_of(self, task: str) -> str:
        """The node name of a task."""
        return names.child_name(self.name, task)

    def node(self, task: str) -> Node | None:
        """The node of a task."""
        return self.run.nodes.get(self.plan.node_id(task))


def execute(run: Run, call: Call) -> Node:
    """Start the tasks whose time has come; find the DAG's phase."""
    identity = run.id_of(call.name)
    node = run.nodes.get(identity)
    if node is None:
        node = node_of(run, call, "DAG", phases.RUNNING)
    elif node.get("phase") == phases.PENDING:
        node = run.mark(identity, phases.RUNNING)
    elif graph.is_idle(run, identity):
        return node
    graph.begin(run, identity)
    outer, run.restless = run.restless, False
    try:
        _visit(run, call, identity)
    finally:
        graph.finish(run, identity, restless=run.restless)
        run.restless = run.restless or outer
    if phases.fulfilled(run.nodes[identity]):
        graph.end_daemons(run, identity)
    return run.nodes[identity]


def _visit(run: Run, call: Call, identity: str) -> None:
    try:
        plan = plan_of(run, identity, call.name, call.template)
    except TemplateFault as error:
        run.mark(identity, phases.ERROR, str(error))
        raise
    dag = _Dag(run, call, identity, plan)
    _execute_tasks(dag)
    if not _exit_hooks_done(dag):
        return
    phase = _phase(dag)
    if phase == phases.RUNNING:
        return
    if phase in phases.FAILURES:
        _set_outbound(dag)
        run.mark(identity, phase)
        return
    _succeed(dag)


def _phase(dag: _Dag) -> str:
    run, plan = dag.run, dag.plan
    if run.shutdown and not dag.in_exit and _stopped(dag):
        return phases.FAILED
    # What was created and still runs keeps the DAG running, whatever else there is: no need for the walk.
    if not plan.all_settled(run.nodes):
        return phases.RUNNING
    fail_fast = (dag.template.get("dag") or {}).get("failFast")
    return dag_phase.assess(
        run.nodes,
        dag.identity,
        plan.targets,
        plan.node_id,
        lambda task, phase: continues_on(plan.tasks[task], phase),
        fail_fast=fail_fast is None or bool(fail_fast),
    )


def _stopped(dag: _Dag) -> bool:
    """On shutdown a DAG fails as soon as nothing of it runs any more."""
    for task in dag.plan.tasks:
        node = dag.node(task)
        if node is not None and not (phases.fulfilled(node) and hooks.hooks_done(dag.run, node)):
            return False
    return any(dag.node(task) is None for task in dag.plan.tasks)


def _execute_tasks(dag: _Dag) -> None:
    """Visit the tasks that may have something to do, dependencies first; those that they release come in turn."""
    plan = dag.plan
    queue = [plan.order[task] for task in plan.active]
    heapq.heapify(queue)
    by_place = plan.by_place
    done = -1
    while queue:
        place = heapq.heappop(queue)
        if place <= done:
            continue
        done = place
        task = by_place[place]
        _execute_task(dag, task)
        if task in plan.blocked_by and _has_ended(dag, task):
            for released in plan.release(task):
                heapq.heappush(queue, plan.order[released])


def _has_ended(dag: _Dag, task: str) -> bool:
    """Whether a task and its hooks have ended, so that its dependents may look at it."""
    if task in dag.plan.settled:
        return True
    node = dag.node(task)
    if node is None or not phases.fulfilled(node) or not hooks.hooks_done(dag.run, node):
        return False
    if not _inner_hooks_done(dag, node):
        return False
    return not phases.completed(node) or _has_exit_node(dag, task, node)


def _inner_hooks_done(dag: _Dag, node: Node) -> bool:
    """Whether the hooks of a loop's iterations have ended; those of a retried workflow may run again."""
    if node.get("type") != "TaskGroup":
        return True
    return all(hooks.hooks_done(dag.run, child) for child in dag.run.children(node))


def _execute_task(dag: _Dag, task_name: str) -> None:
    run, plan = dag.run, dag.plan
    task = plan.tasks[task_name]
    node = dag.node(task_name)
    if node is not None and not node.get("daemoned") and not hooks.has_hooks(task) and only_waits(run, node):
        return
    if node is not None and phases.fulfilled(node):
        if not _inner_hooks_done(dag, node):
            for one in _expanded(dag, task_name):
                _execute_one(dag, task_name, one, True)
        done = _hooks(dag, task, node, task_name) and _inner_hooks_done(dag, node)
        if phases.phase_fulfilled(node):
            if str(node.get("message") or "").startswith(CARRIED):
                _connect(dag, task_name, node["name"])
            execute_template(run, node["name"], task, dag.base, {}, dag.identity)
            if done and hooks.hooks_done(run, run.nodes[node["id"]]):
                plan.settle(task_name)
            return
    elif node is None and not _ready(dag, task_name):
        return
    try:
        expanded = _expanded(dag, task_name)
    except Held:
        run.restless = True
        return
    except TemplateFault as error:
        _connect(dag, task_name, dag.name_of(task_name))
        error_node(run, dag.name_of(task_name), str(error), holder=task, base=dag.base, boundary=dag.identity)
        return
    looping = is_loop(task)
    if looping:
        if not expanded:
            _connect(dag, task_name, dag.name_of(task_name))
            _skipped(dag, dag.name_of(task_name), task, "Skipped, empty params")
            return
        if node is None:
            _connect(dag, task_name, dag.name_of(task_name))
            node = new_node(
                run, dag.name_of(task_name), "TaskGroup", phases.RUNNING, holder=task, base=dag.base, boundary=dag.identity
            )  # fmt: skip
    hooked, locked = hooks.has_hooks(task), bool(run.status.get("synchronization"))
    hooks_left = False
    for one in expanded:
        child = run.nodes.get(one.identity) if looping and not hooked else None
        if child is not None and (only_waits(run, child) or (phases.phase_fulfilled(child) and not locked)):
            if node is not None:
                run.link(node["id"], one.identity)
            continue
        hooks_left = not _execute_one(dag, task_name, one, looping) or hooks_left
    if looping and not hooks_left:
        _close_group(dag, task_name, expanded)


def _skipped(dag: _Dag, name: str, task: Task, message: str, phase: str = phases.SKIPPED) -> None:
    new_node(
        dag.run, name, "Skipped", phase, holder=task, base=dag.base, boundary=dag.identity, message=message
    )  # fmt: skip


def _ready(dag: _Dag, task_name: str) -> bool:
    """Whether a task's dependencies let it run now; omits it if they never will."""
    verdict = _dependencies(dag, task_name)
    if verdict is None:
        return False
    name, task = dag.name_of(task_name), dag.plan.tasks[task_name]
    if isinstance(verdict, str):
        error_node(dag.run, name, verdict, holder=task, base=dag.base, boundary=dag.identity)
        _connect(dag, task_name, name)
        return False
    if not verdict:
        _skipped(dag, name, task, "omitted: depends condition not met", phases.OMITTED)
        _connect(dag, task_name, name)
        return False
    return True


def _dependencies(dag: _Dag, task_name: str) -> bool | str | None:
    """True: run it; False: omit it; None: wait; a text: what is wrong with its depends."""
    plan, run = dag.plan, dag.run
    for dependency in plan.dependencies[task_name]:
        if not _has_ended(dag, dependency):
            plan.block(task_name, dependency)
            return None
    try:
        return plan.evaluate(task_name, run)
    except TemplateFault as error:
        return str(error)


def _has_exit_node(dag: _Dag, task_name: str, node: Node) -> bool:
    """Whether an exit handler that must run has run; its start comes with the visit of the task itself."""
    hook = hooks.exit_hook(dag.plan.tasks[task_name])
    if hook is None or hook.get("expression") or not may_execute(dag.run, True):
        return True
    if node.get("type") == "TaskGroup":
        return True
    return dag.run.named(names.exit_name(node["name"])) is not None


def _connect(dag: _Dag, task_name: str, node_name: str) -> None:
    """Hang a node behind its dependencies' outbound nodes, under its task group, or under the DAG."""
    run = dag.run
    identity = run.id_of(node_name)
    group = dag.node(task_name)
    if group is not None and group.get("type") == "TaskGroup" and group["id"] != identity:
        run.link(group["id"], identity)
        return
    dependencies = dag.plan.dependencies[task_name]
    if not dependencies:
        run.link(dag.identity, identity)
        return
    for dependency in dependencies:
        node = dag.node(dependency)
        if node is None:
            continue
        for outbound in graph.outbound(run, node["id"]):
            run.link(outbound, identity)


def _expanded(dag: _Dag, task_name: str) -> list[_One]:
    """A task with references replaced, once for each item of its loop; the same objects in every pass."""
    run, key = dag.run, dag.plan.node_id(task_name)
    memory = run.memory
    cached = memory.expanded.get(key)
    if cached is not None and cached[0] == memory.globals_version:
        return cached[1]  # type: ignore[no-any-return]
    resolved = resolve_references(run, dag.plan.tasks[task_name], scope_of(dag, task_name))
    tasks: list[Task] = (
        [*expand(resolved, with_globals(run))] if is_loop(dag.plan.tasks[task_name]) else [resolved]
    )
    named = [(task, dag.name_of(str(task.get("name")))) for task in tasks]
    expanded = [_One(task, name, run.id_of(name)) for task, name in named]
    memory.expanded[key] = (memory.globals_version, expanded)
    return expanded


def scope_of(dag: _Dag, task_name: str) -> Scope:
    """What a task may refer to: its ancestors."""
    scope = new_scope(dag.template, dag.run)
    for ancestor in dag.plan.mentioned(task_name):
        node = dag.node(ancestor)
        if node is not None:
            _add_task(dag, scope, ancestor, node)
    return scope


def _add_task(dag: _Dag, scope: Scope, task_name: str, node: Node) -> None:
    prefix = f"tasks.{task_name}"
    if node.get("type") == "TaskGroup":
        add_aggregate(scope, prefix, dag.run.children(node))
    add_node(dag.run, scope, prefix, node, dag.base)


def _execute_one(dag: _Dag, task_name: str, one: _One, looping: bool) -> bool:
    """Carry one (expanded) task on. False if hooks of it are still to end."""
    run = dag.run
    task, name, identity = one
    if identity not in run.nodes:
        _connect(dag, task_name, name)
        try:
            if not should_execute(task.get("when")):
                _skipped(dag, name, task, f"when '{task.get('when')}' evaluated false")
                return True
        except TemplateFault as error:
            error_node(run, name, str(error), holder=task, base=dag.base, boundary=dag.identity)
            return True
    try:
        node = execute_template(
            run, name, task, dag.base, task.get("arguments") or {}, dag.identity, in_exit=dag.in_exit
        )
    except (Held, TooDeep, TimedOut):
        return True
    except TemplateFault as error:
        error_node(run, name, str(error), holder=task, base=dag.base, boundary=dag.identity)
        return True
    if not hooks.has_hooks(task):
        return True
    done = _hooks(dag, task, node, str(task.get("name")) if looping else task_name)
    return done and hooks.hooks_done(run, run.nodes[node["id"]])


def _hooks(dag: _Dag, task: Task, node: Node, task_name: str) -> bool:
    """Run what hooks of a task are due. True if none is left to run."""
    if not hooks.has_hooks(task):
        return True
    run = dag.run
    plain = task_name.split("(", 1)[0]
    prefix = f"tasks.{plain}"
    scope = scope_of(dag, plain)
    _add_task(dag, scope, plain, node)
    if any(hook.get("expression") for _, hook in hooks.other_hooks(task)):
        run.restless = True
    try:
        if not hooks.run_hooks(run, task, node, dag.identity, dag.base, prefix, scope):
            return False
        node = run.nodes[node["id"]]
        if node.get("type") == "TaskGroup" or not phases.completed(node):
            return True
        return hooks.run_exit_hook(run, task, node, dag.identity, dag.base, prefix, scope)
    except Held:
        run.restless = True
        return False
    except TemplateFault as error:
        made = [names.exit_name(node["name"])]
        made += [names.hook_name(node["name"], name) for name, _ in hooks.other_hooks(task)]
        # A hook that is in Error itself says so; the task that carries it goes on.
        if all(run.named(name) is None for name in made):
            run.mark(node["id"], phases.ERROR, str(error))
        return True


def _close_group(dag: _Dag, task_name: str, expanded: list[_One]) -> None:
    phase = phases.SUCCEEDED
    for one in expanded:
        child = dag.run.nodes.get(one.identity)
        if child is None or not phases.fulfilled(child):
            return
        if phases.failed(child):
            phase = str(child["phase"])
    group = dag.node(task_name)
    if group is not None:
        dag.run.mark(group["id"], phase)


def _exit_hooks_done(dag: _Dag) -> bool:
    for target in dag.plan.active.intersection(dag.plan.targets):
        node = dag.node(target)
        if node is not None and phases.fulfilled(node) and not hooks.hooks_done(dag.run, node):
            return False
    return True


def _set_outbound(dag: _Dag) -> None:
    found: list[str] = []
    for target in dag.plan.targets:
        node = dag.node(target)
        if node is not None:
            found += graph.outbound(dag.run, node["id"])
    dag.run.put(dag.identity, outboundNodes=found or None)


def _succeed(dag: _Dag) -> None:
    run = dag.run
    scope = new_scope(dag.template, run)
    for task_name in dag.plan.tasks:
        node = dag.node(task_name)
        if node is not None:
            try:
                _add_task(dag, scope, task_name, node)
            except TemplateFault as error:
                run.mark(dag.identity, phases.ERROR, str(error))
                raise
            add_globals(run, node.get("outputs"))
    try:
        outputs = template_outputs(run, dag.template, scope)
    except TemplateFault as error:
        run.mark(dag.identity, phases.ERROR, str(error))
        raise
    if outputs:
        run.put(dag.identity, outputs=outputs)
        add_globals(run, outputs)
    _set_outbound(dag)
    memoize.save(run, run.nodes[dag.identity])
    run.mark(dag.identity, phases.SUCCEEDED)
