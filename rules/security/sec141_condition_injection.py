"""SEC141."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule


@rule("SEC141", "condition-injection", on="step", severity="warning", cross_file=True)
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """The text of an event is pasted into a condition before it is read."""
    if "{{" not in step.when:
        return
    scalar = ctx.scalar(step, "when")
    if scalar is None:
        return
    for danger in security.dangers(scalar, step.template.spec, step.template, ctx, taint.SENDER):
        use = danger.use
        if use.in_expr:
            continue
        yield Finding(
            scalar.part(use.start, use.end),
            f"`{use.text}` is pasted into this condition: an event that holds a quote and `||` decides it",
            help="write the condition as an expression: `{{=" + use.text + " == '…'}}`",
            related=danger.taint.path,
        )
