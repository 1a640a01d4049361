"""EXP116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP116",
    "mixed-coalesce",
    on="object",
    severity="error",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`??` is mixed with another operator."""
    for place in places(obj, ctx, "mixed-coalesce"):
        yield Finding(place.span, place.message)
