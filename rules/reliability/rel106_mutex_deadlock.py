"""REL106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import nested_locks
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL106", "mutex-deadlock", on="spec", severity="error", keys=("synchronization",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A template waits for a mutex that its own workflow or caller holds."""
    for held, taken, always in nested_locks(spec):
        if held.key == taken.key:
            yield Finding(
                taken.span,
                f"{taken.label} is held already by what runs this template: it waits for itself for ever",
                help="take it in one of the two places only",
                related=[(held.span, "held from here")],
                severity=None if always else "warning",
            )
