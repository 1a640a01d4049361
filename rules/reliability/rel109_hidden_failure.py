"""REL109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step, Template
from argolint.rule import Finding, rule


@rule(
    "REL109",
    "hidden-failure",
    on="template",
    severity="info",
    default=False,
    types=("steps", "dag"),
    keys=("continueOn",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A failure is let pass and nobody asks for the status afterwards."""
    allowed = [step for step in template.children if _lets_pass(step)]
    if not allowed:
        return
    text = ctx.source.slice(template.span.start, template.span.end)
    for step in allowed:
        if not step.name or f".{step.name}.status" in text or f"{step.name}'].status" in text:
            continue
        if any(f"{step.name}.{result}" in text for result in ("Failed", "Errored", "Succeeded")):
            continue
        yield Finding(
            step.key_span("continueOn"),
            f"{step.label} may fail and nothing looks at its status: the workflow is green all the same",
            help="read its `.status` in a `when` or in the exit handler, or drop `continueOn`",
        )


def _lets_pass(step: Step) -> bool:
    how = step.mapping("continueOn")
    return how.get("failed") is True or how.get("error") is True
