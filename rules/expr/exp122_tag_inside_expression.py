"""EXP122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP122",
    "tag-inside-expression",
    on="object",
    severity="warning",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A tag stands inside an expression."""
    for place in places(obj, ctx, "tag-inside-expression"):
        yield Finding(place.span, place.message)
