"""EXP135."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "EXP135",
    "when-single-logic-operator",
    on="object",
    severity="error",
    fix="safe",
    keys=("when",),
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A `when` joins conditions with `&` or `|`."""
    for place in places(obj, ctx, "when-single-logic-operator"):
        fix = replace(place.span, place.suggestion) if place.suggestion is not None else None
        yield Finding(place.span, place.message, fix=fix)
