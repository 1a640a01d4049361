"""Which children of a template run at the same time, and what they do to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from argolint.analysis.steps import callee, waits
from argolint.analysis.structure_graph import asks_for_results
from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Step, Template


class Called(NamedTuple):
    """The template that a step runs. `path` is the file it stands in, "" for the file at hand."""

    template: Template
    path: str


def called(step: Step, ctx: Context, *types: str) -> Called | None:
    """What a step runs, in its own spec or in another object of the tree; of the given types only, when there are any.

    None when it is not known. Loads the other object when its facts do not rule it out.
    """
    here = callee(step)
    if here is not None:
        return Called(here, "") if not types or here.type in types else None
    target = step.target
    if target is None or not target.object_name:
        return None
    found = ctx.index.template(target, ctx.namespace)
    if found is None or (types and found[1].type not in types):
        return None
    owner = ctx.index.load(found[0])
    for spec in owner.workflow_specs if owner is not None else ():
        there = spec.template_named(target.template_name)
        if there is not None:
            return Called(there, found[0].path)
    return None


class Clash(NamedTuple):
    """A thing that `step` has in common with `before`, which may run at the same time; one step with a loop is both.

    `at` is where its template says it, in the file `path` ("" for the file at hand).
    """

    before: Step
    step: Step
    key: tuple[str, str]
    path: str
    at: Span


def clashes(
    template: Template, ctx: Context, things: Callable[[Template], Iterable[tuple[tuple[str, str], Span]]]
) -> Iterator[Clash]:
    """What children that may run at the same time have in common, of what `things` names for the templates that they run.

    Branches, of which one runs, are not compared. Templates of other objects are looked at when several children, or a loop, call one.
    """
    children = template.children
    foreign = [_foreign(step) for step in children]
    seen: dict[tuple[str, str], list[Step]] = {}
    for step, identity in zip(children, foreign, strict=True):
        if identity is not None and foreign.count(identity) < 2 and not step.loops:
            continue
        found = called(step, ctx)
        for key, at in things(found.template) if found is not None else ():
            others = seen.setdefault(key, [])
            before = next((one for one in others if may_overlap(one, step)), step if step.loops else None)
            others.append(step)
            if before is not None and found is not None:
                yield Clash(before, step, key, found.path, at)


def _foreign(step: Step) -> tuple[str, str, str] | None:
    """The template of another object that a step names; None when it names one of its own spec."""
    target = step.target
    if target is None or not target.object_name:
        return None
    return target.object_kind, target.object_name, target.template_name


def may_overlap(one: Step, other: Step) -> bool:
    """Whether two children of a template may run at the same time: they stand in one group, or neither waits for the other.

    Two that both depend on a condition are taken for branches.
    """
    if _is_branch(one) and _is_branch(other):
        return False
    if one.kind == "step":
        return one.group == other.group
    reach = waits(one.template)[1]
    return not (reach.leads(one.name, other.name) or reach.leads(other.name, one.name))


def _is_branch(step: Step) -> bool:
    return bool(step.when) or asks_for_results(step.depends)
