"""EXP133."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP133",
    "when-constant",
    on="object",
    severity="warning",
    keys=("when",),
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A `when` has no tag in it."""
    for place in places(obj, ctx, "when-constant"):
        yield Finding(place.span, place.message)
