"""REL138."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cost import fan_out
from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule


@rule("REL138", "empty-loop", on="step", severity="warning", keys=("withItems", "withSequence"))
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """A loop over nothing: the step never runs."""
    if ("withItems" in step or "withSequence" in step) and len(step.loops) == 1 and fan_out(step) == 0:
        key = step.loops[0]
        yield Finding(
            step.key_span(key),
            f"{step.label} loops over nothing, so it never runs and has no outputs",
            help="give it items, or delete the step",
        )
