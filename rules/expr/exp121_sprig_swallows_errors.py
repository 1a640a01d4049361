"""EXP121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "EXP121",
    "sprig-swallows-errors",
    on="object",
    severity="info",
    default=False,
    fix="unsafe",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A conversion of sprig hides mistakes."""
    for place in places(obj, ctx, "sprig-swallows-errors"):
        fix = replace(place.span, place.suggestion) if place.suggestion is not None else None
        yield Finding(place.span, place.message, fix=fix)
