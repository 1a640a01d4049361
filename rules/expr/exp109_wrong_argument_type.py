"""EXP109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP109",
    "wrong-argument-type",
    on="object",
    severity="error",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A function or operator is given a value of a type it does not take."""
    for place in places(obj, ctx, "wrong-argument-type", "wrong-operand-type", "invalid-regex"):
        yield Finding(place.span, place.message)
