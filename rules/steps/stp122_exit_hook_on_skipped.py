"""STP122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule


@rule("STP122", "exit-hook-on-skipped", on="step", types=("steps", "dag"), severity="info", keys=("when",))
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """An exit hook of a step with a `when`: when the condition is false, the hook does not run either."""
    if not step.when:
        return
    for view, key in ((step, "onExit"), (step.mapping("hooks"), "exit")):
        if view.get(key):
            yield Finding(
                view.key_span(key),
                f"when {step.label} is skipped by its `when`, its exit hook does not run",
                help="use the exit handler of the workflow for what must always happen",
                related=[(step.key_span("when"), "the condition")],
            )
