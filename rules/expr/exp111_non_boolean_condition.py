"""EXP111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP111",
    "non-boolean-condition",
    on="object",
    severity="error",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A condition is neither true nor false."""
    for place in places(obj, ctx, "non-boolean-condition"):
        yield Finding(place.span, place.message)
