"""STP106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import TEMPLATE_TYPES, Step
from argolint.rule import Finding, rule


@rule("STP106", "step-without-target", on="step", severity="error")
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """A step or task names nothing to run: no template, templateRef or inline."""
    if any(step.get(key) is not None for key in ("template", "templateRef", "inline")):
        return
    if any(key in TEMPLATE_TYPES for key in step.map):
        return  # what it is to run stands there, misplaced: SCH103 says where to put it
    yield Finding(
        step.name_span if step.name else step.head,
        f"{step.label} has nothing to run",
        help="give it a `template`, a `templateRef` or an `inline` template",
    )
