"""STP117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule


@rule("STP117", "serialised-parallel-group", on="steps", severity="warning")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A group of several steps, of which `parallelism: 1` lets only one run at a time."""
    template = steps.template
    wide = next((group for group in steps.groups if len(group) > 1), None)
    if wide is None:
        return
    for view, whose in ((template, template.label), (template.spec, "the workflow")):
        if str(view.get("parallelism")) == "1":
            yield Finding(
                view.value_span("parallelism"),
                f"`parallelism: 1` of {whose} lets the {len(wide)} steps of a group run only one at a time",
                help="raise it, or put each step into a group of its own so that their order is known",
                related=[(wide[0].name_span, "this group was meant to be parallel")],
            )
