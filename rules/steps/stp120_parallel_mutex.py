"""STP120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import callee, lock_names
from argolint.context import Context
from argolint.model.workflow import Step, Steps
from argolint.rule import Finding, rule


@rule("STP120", "parallel-mutex", on="steps", severity="info")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """Steps of one group take the same mutex, so they run one after the other."""
    for group in steps.groups:
        if len(group) < 2:
            continue
        holders: dict[str, Step] = {}
        for step in group:
            template = callee(step)
            for name, at in lock_names(template) if template is not None else ():
                before = holders.setdefault(name, step)
                if before is not step:
                    yield Finding(
                        step.name_span,
                        f"`{before.name}` and `{step.name}` take the mutex `{name}`, so they run one after the other in any order",
                        help="put them into groups of their own when the order matters",
                        related=[(at, "the mutex is taken here")],
                    )
