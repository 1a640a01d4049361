"""DEP108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("DEP108", "on-exit", on="step", severity="info", default=False, fix="safe", keys=("onExit",))
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """`onExit` of a step is deprecated in favour of the hook `exit`."""
    name = step.text("onExit")
    if not name:
        return
    plain = not step.is_alias("onExit") and "onExit" not in step.map.merged and "hooks" not in step
    span = step.value_span("onExit")
    written = ctx.source.slice(span.start, span.end)
    simple = plain and "\n" not in written and step.style("onExit") not in ("|", ">")
    yield Finding(
        step.key_span("onExit"),
        f"`onExit` of {step.label} is deprecated: the hook `exit` does the same and takes arguments",
        help=f"write `hooks: {{exit: {{template: {name}}}}}`",
        fix=replace(step.key_span("onExit"), "hooks") + replace(span, f"{{exit: {{template: {written}}}}}")
        if simple
        else None,
    )
