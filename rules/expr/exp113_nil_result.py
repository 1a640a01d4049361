"""EXP113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP113",
    "nil-result",
    on="object",
    severity="warning",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An expression may have no value to insert."""
    for place in places(obj, ctx, "nil-result"):
        yield Finding(place.span, place.message, help="give it a default: `{{=… ?? ''}}`")
