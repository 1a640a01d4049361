"""STP101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import glued_dash, unglued_dash
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule
from argolint.yaml.edit import insert, reindent
from argolint.yaml.nodes import Map, Seq


@rule("STP101", "single-dash-step", on="steps", severity="error", fix="unsafe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """`steps` is a list of lists: every item is a step where a group of steps belongs."""
    raw = steps.raw
    if not isinstance(raw, Seq) or not raw or not all(isinstance(item, Map) for item in raw):
        return
    for (step,) in steps.groups:
        if glued_dash(step):
            yield Finding(
                step.head,
                f"`{next(iter(step.map))}` is a field of that name: the second dash lacks its space",
                help="write `- - name:`",
                fix=None if raw.flow or step.map.flow else unglued_dash(ctx.source, step),
            )
            continue
        fix = None
        if not raw.flow and not step.map.flow:
            start, end = step.map.span
            fix = insert(start, "- ") + reindent(ctx.source, start, end, 2)
        yield Finding(
            step.name_span if step.name else step.head,
            f"{step.label} has one dash; `steps` is a list of lists",
            help="use `- - name:` to run it after the group above, or `  - name:` under that group to run beside it",
            fix=fix,
        )
