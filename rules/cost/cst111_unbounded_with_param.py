"""CST111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule


@rule("CST111", "unbounded-with-param", on="step", severity="info", default=False, keys=("withParam",))
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """A loop over a list that is known only at run time has no `parallelism`."""
    if "{{" not in step.text("withParam"):
        return
    template = step.template
    if template.get("parallelism") is None and template.spec.get("parallelism") is None:
        yield Finding(
            step.key_span("withParam"),
            f"{step.label} starts as many pods at once as the list has items",
            help=f"set `parallelism` on {template.label}, or in the spec",
        )
