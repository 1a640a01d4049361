"""EXP118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP118",
    "json-parameters-in-expression",
    on="object",
    severity="error",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The JSON of all parameters is asked for under the name of a map."""
    for place in places(obj, ctx, "json-parameters-in-expression"):
        yield Finding(place.span, place.message)
