"""What a dag template says about its tasks' order, worked out once a run (upstream: dag.go, common/ancestry.go)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from argolint.language import depends
from argolint.language.errors import LanguageError
from executor.engine import names, phases
from executor.engine.faults import TemplateFault
from executor.engine.run import Run


class Plan:
    """Tasks by name, what each depends on, and the targets.

    `settled` are the tasks that need no further visit: ended, with all their hooks.
    """

    __slots__ = (
        "_ancestors", "_ids", "_parsed", "active", "blocked_by", "by_place", "continue_on", "dag", "dependencies", "name",
        "order", "settled", "targets", "tasks", "texts", "workflow",
    )  # fmt: skip

    def __init__(self, workflow: str, name: str, dag: Mapping[str, Any]) -> None:
        self.workflow, self.name, self.dag = workflow, name, dag
        self.tasks: dict[str, Mapping[str, Any]] = {str(t.get("name")): t for t in dag.get("tasks") or ()}
        self.settled: set[str] = set()
        self._ids: dict[str, str] = {}
        self._ancestors: dict[str, list[str]] = {}
        self._parsed: dict[str, depends.Depends | None] = {}
        self.dependencies: dict[str, tuple[str, ...]] = {}
        self.continue_on: dict[str, list[str]] = {}
        for task_name, task in self.tasks.items():
            self._parsed[task_name] = _parse(task)
            parsed = self._parsed[task_name]
            self.dependencies[task_name] = parsed.names if parsed else ()
            allowed = task.get("continueOn") or {}
            self.continue_on[task_name] = [
                result for result, field in (("Errored", "error"), ("Failed", "failed")) if allowed.get(field)
            ]
        self._check()
        self.targets = self._targets()
        self.order = self._order()
        self.by_place = list(self.order)
        self.active: set[str] = set(self.order)
        self.blocked_by: dict[str, list[str]] = {}
        self.texts = {name: json.dumps(task, ensure_ascii=False) for name, task in self.tasks.items()}

    def _check(self) -> None:
        for task_name, needed in self.dependencies.items():
            for dependency in needed:
                if dependency not in self.tasks:
                    raise TemplateFault(f"task '{task_name}' dependency '{dependency}' not defined")
        state: dict[str, int] = {}
        for start in self.tasks:
            stack = [(start, iter(self.dependencies[start]))] if start not in state else []
            state.setdefault(start, 1)
            while stack:
                task_name, rest = stack[-1]
                following = next(rest, None)
                if following is None:
                    state[task_name] = 2
                    stack.pop()
                elif state.get(following) == 1:
                    raise TemplateFault(f"cycle detected in task '{following}'")
                elif following not in state:
                    state[following] = 1
                    stack.append((following, iter(self.dependencies[following])))

    def _targets(self) -> list[str]:
        wanted = self.dag.get("target")
        if wanted:
            targets = str(wanted).split(" ")
            for target in targets:
                if target not in self.tasks:
                    raise TemplateFault(f"target '{target}' is not defined")
            return targets
        needed = {dependency for names_ in self.dependencies.values() for dependency in names_}
        return sorted(task for task in self.tasks if task not in needed)

    def _order(self) -> dict[str, int]:
        """The place of every task that a target needs, dependencies first."""
        order: dict[str, int] = {}
        for target in self.targets:
            stack: list[tuple[str, bool]] = [(target, False)]
            while stack:
                task, expanded = stack.pop()
                if task in order:
                    continue
                if expanded:
                    order[task] = len(order)
                    continue
                stack.append((task, True))
                stack.extend((d, False) for d in reversed(self.dependencies[task]) if d not in order)
        return order

    def mentioned(self, task: str) -> list[str]:
        """The ancestors whose outputs a task may refer to: those that its text names, or all if that cannot be told."""
        text = self.texts[task]
        if "tasks" not in text:
            return []
        found = self.ancestors(task)
        if "{{=" in text or "xpression" in text:
            return found
        return [name for name in found if name in text]

    def node_id(self, task: str) -> str:
        """The id of a task's node."""
        found = self._ids.get(task)
        if found is None:
            found = self._ids[task] = names.node_id(self.workflow, names.child_name(self.name, task))
        return found

    def ancestors(self, task: str) -> list[str]:
        """All tasks that a task depends on, directly or not, nearest first."""
        found = self._ancestors.get(task)
        if found is None:
            seen: dict[str, None] = {}
            queue = list(self.dependencies[task])
            while queue:
                name = queue.pop(0)
                if name not in seen:
                    seen[name] = None
                    queue.extend(self.dependencies[name])
            found = self._ancestors[task] = list(seen)
        return found

    def all_settled(self, nodes: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether every task that was begun has ended."""
        for task in self.active:
            node = nodes.get(self.node_id(task))
            if node is not None and not phases.fulfilled(node):
                return False
        return True

    def block(self, task: str, dependency: str) -> None:
        """A task has nothing to do before a dependency has ended."""
        self.active.discard(task)
        self.blocked_by.setdefault(dependency, []).append(task)

    def release(self, dependency: str) -> list[str]:
        """The tasks that waited for a dependency; they need a look now."""
        released = self.blocked_by.pop(dependency, [])
        self.active.update(released)
        return released

    def settle(self, task: str) -> None:
        """A task needs no further visit."""
        self.settled.add(task)
        self.active.discard(task)

    def evaluate(self, task: str, run: Run) -> bool:
        """Whether a task's depends holds, all its dependencies having ended. TemplateFault if it has no value."""
        parsed = self._parsed[task]
        if parsed is None:
            return True
        results = {name: task_results(run, run.nodes[self.node_id(name)]) for name in self.dependencies[task]}
        try:
            return depends.evaluate(parsed, results, self.continue_on)
        except LanguageError as error:
            raise TemplateFault(f"unable to evaluate expression '{parsed.source}': {error.message}") from None


def _parse(task: Mapping[str, Any]) -> depends.Depends | None:
    text = task.get("depends")
    try:
        if text:
            return depends.parse(str(text))
        needed = task.get("dependencies")
        return depends.from_dependencies(str(name) for name in needed) if needed else None
    except LanguageError as error:
        raise TemplateFault(f"task '{task.get('name')}' depends: {error.message}") from None


def task_results(run: Run, node: Mapping[str, Any]) -> set[str]:
    """The task results that are true of a node."""
    phase = node.get("phase")
    results = {
        name
        for name, wanted in (
            ("Succeeded", phases.SUCCEEDED),
            ("Failed", phases.FAILED),
            ("Errored", phases.ERROR),
            ("Skipped", phases.SKIPPED),
            ("Omitted", phases.OMITTED),
        )
        if phase == wanted
    }
    if node.get("daemoned") and phase != phases.PENDING:
        results.add("Daemoned")
    if node.get("type") == "TaskGroup":
        inner = [child.get("phase") for child in run.children(node)]
        if phases.SUCCEEDED in inner:
            results.add("AnySucceeded")
        if inner and all(phase == phases.FAILED for phase in inner):
            results.add("AllFailed")
    return results


def plan_of(run: Run, identity: str, name: str, template: Mapping[str, Any]) -> Plan:
    """The plan of a DAG node, remembered. TemplateFault if the dag cannot be carried out."""
    dag = template.get("dag") or {}
    known: Plan | None = run.memory.dags.get(identity)
    if known is not None and known.dag is dag:
        return known
    plan = Plan(run.name, name, dag)
    if known is not None:
        for task in known.settled & set(plan.tasks):
            plan.settle(task)
    run.memory.dags[identity] = plan
    return plan
