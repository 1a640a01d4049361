"""STP105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_item
from argolint.yaml.nodes import Seq


@rule("STP105", "empty-step-group", on="steps", severity="error", fix="unsafe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A group has no steps, or `steps` has no groups."""
    raw = steps.raw
    if (isinstance(raw, Seq) and not raw) or (raw is None and "steps" in steps.template):
        yield Finding(
            steps.key, f"{steps.template.label} has no steps", help="give it a step, or delete the template"
        )
        return
    for i, group in enumerate(raw if isinstance(raw, Seq) else ()):
        if group is None or (isinstance(group, Seq) and not any(item is not None for item in group)):
            yield Finding(
                _place(steps, i, ctx),
                f"group {i + 1} of {steps.template.label} has no steps",
                help="delete it, or put back the steps that are commented out",
                fix=delete_item(ctx.source, raw, i) if len(raw) > 1 else None,
            )


def _place(steps: Steps, i: int, ctx: Context) -> Span:
    """The item, or the dash before an item that is not written at all."""
    span = steps.item_span(i)
    if span.end > span.start:
        return span
    dash = ctx.source.text.rfind("-", 0, span.start)
    return span.at(dash, dash + 1) if dash >= 0 else span
