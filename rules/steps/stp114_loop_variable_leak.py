"""STP114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import in_a_loop, item_uses
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule


@rule("STP114", "loop-variable-leak", on="steps", severity="error")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A step without a loop uses `item`, which belongs to the loop of a step beside or above it."""
    looped = next((step for step in steps if step.loops), None)
    if looped is None or in_a_loop(steps.template):
        return
    for step in steps:
        if step.loops:
            continue
        for scalar, use in item_uses(step, ctx):
            yield Finding(
                scalar.part(use.start, use.end),
                f"{step.label} uses `{use.text}` but has no loop; the loop of `{looped.name}` ends with that step",
                help="give the step a loop of its own, or collect what the looped step puts out",
                related=[(looped.name_span, "the loop is here")],
            )
