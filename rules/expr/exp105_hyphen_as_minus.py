"""EXP105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "EXP105",
    "hyphen-as-minus",
    on="object",
    severity="error",
    fix="safe",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A hyphen in a name is read as a minus."""
    for place in places(obj, ctx, "hyphen-as-minus"):
        fix = replace(place.span, place.suggestion) if place.suggestion is not None else None
        yield Finding(place.span, place.message, fix=fix)
