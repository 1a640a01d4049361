"""EXP134."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.expressions import places
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EXP134",
    "when-regex-invalid",
    on="object",
    severity="error",
    keys=("when",),
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The right side of `=~` is no regular expression."""
    for place in places(obj, ctx, "when-regex-invalid"):
        yield Finding(place.span, place.message)
