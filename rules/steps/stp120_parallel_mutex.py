"""STP120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.concurrent import clashes
from argolint.analysis.steps import lock_names
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, place_in, rule


@rule("STP120", "parallel-mutex", on="template", severity="info", types=("steps", "dag"), cross_file=True)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Steps or tasks that start together take the same mutex, so they run one after the other."""
    for clash in clashes(template, ctx, lambda one: ((("mutex", name), at) for name, at in lock_names(one))):
        before, step, name = clash.before, clash.step, clash.key[1]
        if before is not step:
            yield Finding(
                step.name_span,
                f"`{before.name}` and `{step.name}` take the mutex `{name}`, so they run one after the other in any order",
                help="let one wait for the other when the order matters",
                related=[(place_in(clash.path, clash.at), "the mutex is taken here")],
            )
