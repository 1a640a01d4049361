"""STP102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import glued_dash, unglued_dash
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule
from argolint.yaml.edit import insert, reindent
from argolint.yaml.nodes import Map, Seq


@rule("STP102", "mixed-dash-steps", on="steps", severity="error", fix="unsafe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """Some items of `steps` are groups and some are steps; the lone step does not decode."""
    raw = steps.raw
    if not isinstance(raw, Seq) or all(isinstance(item, Map) for item in raw):
        return
    for i, item in enumerate(raw):
        if not isinstance(item, Map):
            continue
        (step,) = steps.groups[i]
        if glued_dash(step):
            yield Finding(
                step.head,
                f"`{next(iter(step.map))}` is a field of that name: the second dash lacks its space",
                help="write `- - name:`",
                fix=None if raw.flow or item.flow else unglued_dash(ctx.source, step),
            )
            continue
        fix = None
        if not raw.flow and not item.flow:
            start, end = item.span
            fix = insert(start, "- ") + reindent(ctx.source, start, end, 2)
        beside = "it runs beside the group above" if i else "it joins the group below"
        yield Finding(
            step.name_span if step.name else step.head,
            f"{step.label} has one dash between groups with two; `steps` is a list of lists",
            help=f"write `- - name:` and it runs after the group above; indent `- name:` by two and {beside}",
            fix=fix,
        )
