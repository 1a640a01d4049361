"""EXP141."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP141",
    "failure-condition-comma",
    on="object",
    severity="warning",
    keys=("successCondition", "failureCondition"),
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A failureCondition has several requirements."""
    for place in places(obj, ctx, "selector-comma"):
        yield Finding(place.span, place.message)
