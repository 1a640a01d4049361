"""EXP107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP107",
    "function-not-available-here",
    on="object",
    severity="error",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An expression calls one of Argo's functions where there are none."""
    for place in places(obj, ctx, "function-not-available-here"):
        yield Finding(place.span, place.message)
