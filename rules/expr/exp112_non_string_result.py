"""EXP112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP112",
    "non-string-result",
    on="object",
    severity="info",
    default=False,
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An expression gives a list or a map, which is inserted as JSON."""
    for place in places(obj, ctx, "non-string-result"):
        yield Finding(place.span, place.message, help="write `toJson(…)` to say that it is meant")
