"""EXP130."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.analysis.repairs import of_when
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "EXP130",
    "when-syntax",
    on="object",
    severity="error",
    fix="safe",
    keys=("when",),
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A `when` has a syntax error."""
    for place in places(obj, ctx, "when-syntax"):
        fix = replace(place.span, place.suggestion) if place.suggestion is not None else None
        yield Finding(place.span, place.message, help=of_when(place.message), fix=fix)
