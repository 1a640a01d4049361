"""STP118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import callee, fixed_writes
from argolint.context import Context
from argolint.model.workflow import Step, Steps
from argolint.rule import Finding, rule


@rule("STP118", "parallel-write-conflict", on="steps", severity="warning")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """Steps of one group, or the instances of a loop, write one name: which of them wins is a matter of luck."""
    for group in steps.groups:
        writers: dict[tuple[str, str], Step] = {}
        for step in group:
            template = callee(step)
            for write in fixed_writes(template) if template is not None else ():
                before = writers.setdefault((write.kind, write.name), step)
                if before is step and not step.loops:
                    continue
                if before is not step and before.when and step.when:
                    continue  # one of several branches
                who = (
                    f"`{before.name}` and `{step.name}`"
                    if before is not step
                    else f"all instances of `{step.name}`"
                )
                yield Finding(
                    step.name_span,
                    f"{who} write the {write.kind} `{write.name}` at the same time; one of them is lost",
                    help="put something into the name that differs, such as `{{pod.name}}` or an input",
                    related=[(write.at, "written here")],
                )
