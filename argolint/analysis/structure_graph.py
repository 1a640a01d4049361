"""Who calls whom inside a spec: reachability and cycles over its named templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from argolint.model.workflow import Step, Template, WorkflowSpec


class Call(NamedTuple):
    """A call of a template of the same spec.

    `step` is the step or task that makes it (None for what stands at the spec's own level), `how` as in `Reference`.
    `guarded`: something decides at run time whether it is made.
    """

    callee: str
    step: Step | None
    how: str
    guarded: bool


# The graph of the spec asked last: the rules of one object run one after another.
_last: list[tuple[WorkflowSpec, dict[str, list[Call]]]] = []


def calls(spec: WorkflowSpec) -> dict[str, list[Call]]:
    """Template name -> the calls made in it, those of templates written inline in it included."""
    if not _last or _last[0][0] is not spec:
        _last[:] = [(spec, {one.name: list(_calls(one, False)) for one in spec.templates})]
    return _last[0][1]


def _calls(template: Template, guarded: bool) -> Iterator[Call]:
    for step in template.children:
        conditional = guarded or is_conditional(step)
        for ref in step.references():
            if ref.local:
                yield Call(ref.local, step, ref.how, conditional or ref.how in ("hook", "onExit"))
        inline = step.inline
        if inline is not None:
            yield from _calls(inline, conditional)


def is_conditional(step: Step) -> bool:
    """Whether a step may be skipped, or run no times at all, when all before it goes well."""
    return bool(step.get("when") or step.loops or asks_for_results(step.depends))


def asks_for_results(depends: str) -> bool:
    """Whether a `depends` is more than names of tasks that are to have succeeded."""
    return any(sign in depends for sign in (".", "!", "|"))


def reachable(spec: WorkflowSpec, roots: Iterable[str]) -> set[str]:
    """The names of the templates that calls lead to from `roots`, roots included (also names that do not exist)."""
    graph = calls(spec)
    found: set[str] = set()
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(call.callee for call in graph.get(name, ()))
    return found


def exit_roots(spec: WorkflowSpec) -> list[str]:
    """The templates that run when the workflow ends or changes its state: `onExit` and the hooks of the spec."""
    return [
        ref.local
        for ref in spec.references()
        if ref.step is None and ref.how in ("onExit", "hook") and ref.local
    ]


def is_dynamic(spec: WorkflowSpec) -> bool:
    """Whether some template is named by a tag, so that any template may be called."""
    return any("{{" in ref.local for ref in spec.references())


def endless_cycle(spec: WorkflowSpec) -> Iterator[list[Call]]:
    """Cycles of calls none of which is conditional, each as its calls in order; every cycle once."""
    graph = {
        name: [call for call in made if call.how == "template" and not call.guarded]
        for name, made in calls(spec).items()
    }
    done: set[str] = set()
    for root in graph:
        if root in done:
            continue
        trail: list[str] = []
        taken: list[Call] = []
        todo: list[tuple[str, Iterator[Call]]] = [(root, iter(graph[root]))]
        trail.append(root)
        while todo:
            name, rest = todo[-1]
            call = next(rest, None)
            if call is None:
                done.add(name)
                todo.pop()
                trail.pop()
                if taken:
                    taken.pop()
            elif call.callee in trail:
                at = trail.index(call.callee)
                yield [*taken[at:], call]
            elif call.callee in graph and call.callee not in done:
                todo.append((call.callee, iter(graph[call.callee])))
                trail.append(call.callee)
                taken.append(call)
