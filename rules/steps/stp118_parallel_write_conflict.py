"""STP118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.concurrent import clashes
from argolint.analysis.steps import fixed_writes
from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Template
from argolint.rule import Finding, place_in, rule


@rule(
    "STP118",
    "parallel-write-conflict",
    on="template",
    severity="warning",
    types=("steps", "dag"),
    cross_file=True,
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Steps or tasks that run at the same time write one name: which of them wins is a matter of luck."""
    for clash in clashes(template, ctx, writes):
        before, step, (kind, name) = clash.before, clash.step, clash.key
        who = (
            f"`{before.name}` and `{step.name}`" if before is not step else f"all instances of `{step.name}`"
        )
        yield Finding(
            step.name_span,
            f"{who} write the {kind} `{name}` at the same time; one of them is lost",
            help="put something into the name that differs, such as `{{pod.name}}` or an input",
            related=[(place_in(clash.path, clash.at), "written here")],
        )


def writes(template: Template) -> Iterator[tuple[tuple[str, str], Span]]:
    """((what, its name), where) of the names that every instance of a template writes."""
    for write in fixed_writes(template):
        yield (write.kind, write.name), write.at
