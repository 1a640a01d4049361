"""EXP140."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP140",
    "selector-condition-syntax",
    on="object",
    severity="error",
    keys=("successCondition", "failureCondition"),
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A successCondition or failureCondition has a syntax error."""
    for place in places(obj, ctx, "selector-syntax"):
        yield Finding(place.span, place.message)
