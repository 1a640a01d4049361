"""Variables that do not exist where they are used: walked once per object, worded once, told apart by kind.

A use that may be right is right: names with tags, callees in other trees, guarded members (`??`, `?.`) are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references_siblings as siblings
from argolint.analysis import references_template as own
from argolint.analysis import references_workflow as globals_
from argolint.analysis.references_problem import Problem
from argolint.analysis.variables import ROOTS, Use, uses_in, uses_in_expression
from argolint.context import Context, Scalar, scalars_of
from argolint.language.tags import SimpleTag, split
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.model.workflow import Step, Template, WorkflowSpec
from argolint.patterns import lazy
from argolint.project.index import Index

# The objects asked last: (object, index or None, findings by kind).
_last: list[tuple[Object, Index | None, dict[str, list[Problem]]]] = []


def problems(obj: Object, ctx: Context, index: Index | None, *kinds: str) -> list[Problem]:
    """What is wrong with the variables of a workflow object, of the kinds asked for.

    Without an index everything about other objects counts as unknown.
    """
    if not obj.is_workflow_kind:
        return []
    found = _known(obj, index)
    if found is None:
        # An object that has to do with no other is judged once.
        found = _known(obj, None) if index is not None and not _leaves(obj) else None
        if found is None:
            found = {}
            for problem in _all(obj, ctx, index):
                found.setdefault(problem.kind, []).append(problem)
            for kind in _ONCE & found.keys():
                found[kind] = _once(found[kind])
        if _last and _last[0][0] is not obj:
            _last.clear()
        del _last[:-1]
        _last.append((obj, index, found))
    return [problem for kind in kinds for problem in found.get(kind, ())] if found else []


def _known(obj: Object, index: Index | None) -> dict[str, list[Problem]] | None:
    for seen, used, found in _last:
        if seen is obj and used is index:
            return found
    return None


# What is missing is missing for all its uses: one finding, with the other places beside it.
_ONCE = frozenset({"undefined-workflow-parameter"})


def _once(found: list[Problem]) -> list[Problem]:
    """One problem for each message, the first, with the places of the next ones; those that can be corrected stay apart."""
    first: dict[str, Problem] = {}
    kept: list[Problem] = []
    for problem in found:
        if problem.replacement is not None:
            kept.append(problem)
        elif problem.message not in first:
            first[problem.message] = problem
        elif len(first[problem.message].related) < 3:
            known = first[problem.message]
            first[problem.message] = known._replace(related=(*known.related, (problem.span, "used here too")))
    return sorted([*kept, *first.values()], key=lambda problem: problem.span.start)


def _leaves(obj: Object) -> bool:
    """Whether an object refers to others, or others may pass it something."""
    return obj.kind not in ("Workflow", "CronWorkflow") or any(
        ref.object_name for spec in obj.workflow_specs for ref in spec.references()
    )


def _all(obj: Object, ctx: Context, index: Index | None) -> Iterator[Problem]:
    for spec in obj.workflow_specs:
        world = globals_.World(spec, index, ctx.namespace, ctx.path)
        for scalar in scalars_of(obj, ctx.source, {}):
            if scalar.spec is None:
                continue
            for use in uses_in(scalar.value):
                for problem in judge(scalar, use, world):
                    yield problem if use.in_expr else _reworded(problem, use)
            yield from _nested(scalar)
        for scalar in _bare(spec, ctx):
            expression = scalar.key in ("expression", "fromExpression")
            uses = uses_in_expression(scalar.value) if expression else (_plain(scalar.value),)
            for use in uses:
                yield from judge(scalar, use, world)


_FORMULA = lazy(r"[^\s\w.-]|\w\s+\S")


def _reworded(problem: Problem, use: Use) -> Problem:
    """The problem, with better help when the name in a simple tag looks like a formula."""
    if problem.replacement or "{{" in use.text or not _FORMULA.search(use.text.strip()):
        return problem
    pipe = "|" in use.text.replace("||", "")
    return problem._replace(
        help="tags have no pipes: call a function in an expression, `{{=…}}`"
        if pipe
        else "a tag without `=` is a name: write a formula as `{{=…}}`"
    )


def _bare(spec: WorkflowSpec, ctx: Context) -> Iterator[Scalar]:
    """The fields that name variables without braces."""
    for template in spec.all_templates:
        for parameter in template.outputs.parameters:
            source = parameter.mapping("valueFrom")
            for key in ("parameter", "expression"):
                yield from _scalar(ctx, source, key, template, None)
        for artifact in template.outputs.artifacts:
            for key in ("from", "fromExpression"):
                yield from _scalar(ctx, artifact, key, template, None)
        for step in template.children:
            for artifact in step.arguments.artifacts:
                for key in ("from", "fromExpression"):
                    yield from _scalar(ctx, artifact, key, template, step)
            for hook in step.hooks:
                yield from _scalar(ctx, hook, "expression", template, step)
    for hook in spec.hooks:
        found = ctx.scalar(hook, "expression")
        if found is not None and found.value and "{{" not in found.value:
            found.spec = spec
            yield found


def _scalar(ctx: Context, view: View, key: str, template: Template, step: Step | None) -> Iterator[Scalar]:
    found = ctx.scalar(view, key)
    if found is not None and found.value.strip() and "{{" not in found.value:
        found.spec, found.template, found.step = template.spec, template, step
        yield found


def _plain(text: str) -> Use:
    name = text.strip()
    start = text.find(name)
    parts: list[tuple[int, int]] = []
    at = start
    for part in name.split("."):
        parts.append((at, at + len(part)))
        at += len(part) + 1
    return Use(tuple(name.split(".")), start, start + len(name), tuple(parts), False, False)


def _nested(scalar: Scalar) -> Iterator[Problem]:
    """Blanks in the inner tag of `{{a.{{ b }}}}`, which is looked up as it is written."""
    if scalar.value.count("{{") < 2:
        return
    for piece in split(scalar.value):
        if isinstance(piece, SimpleTag) and piece.nested is not None:
            outer, inner = piece.nested
            if inner != inner.strip() and inner.strip():
                start = piece.start + 2 + len(outer)
                yield Problem(
                    "blank-in-nested",
                    scalar.part(start, start + 2 + len(inner)),
                    f"the blanks belong to the name that is looked up: `{inner}` does not exist",
                    f"write `{{{{{inner.strip()}`",
                    "{{" + inner.strip(),
                )


def judge(at: Scalar, use: Use, world: globals_.World) -> Iterator[Problem]:
    """What is wrong with one use."""
    if use.guarded or (at.template is not None and at.template.is_default):
        return
    root = use.root
    if root in ("steps", "tasks"):
        yield from siblings.judge_sibling(at, use, world)
    elif root == "inputs":
        yield from own.judge_inputs(at, use)
    elif root == "outputs":
        yield from own.judge_outputs(at, use)
    elif root == "workflow":
        for kind, message, help_, severity, replacement in globals_.judge(at, use, world):
            yield Problem(kind, at.part(use.start, use.end), message, help_, replacement, severity)
    elif root == "item":
        yield from own.judge_item(at, use)
    elif root == "pod":
        yield from own.judge_pod(at, use)
    elif root in ("retries", "lastRetry"):
        yield from own.judge_retry(at, use)
    elif root not in ROOTS and not use.in_expr:
        yield from own.judge_foreign(at, use)
