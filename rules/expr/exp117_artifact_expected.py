"""EXP117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP117",
    "artifact-expected",
    on="object",
    severity="error",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A `fromExpression` does not yield an artifact."""
    for place in places(obj, ctx, "artifact-expected"):
        yield Finding(place.span, place.message, help="name artifacts: `steps.a.outputs.artifacts.b`")
