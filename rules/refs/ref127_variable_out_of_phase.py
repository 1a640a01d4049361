"""REF127."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "REF127",
    "variable-out-of-phase",
    on="object",
    severity="error",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A variable that exists at other times or in other templates."""
    for one in references.problems(obj, ctx, None, "out-of-phase"):
        yield Finding(
            one.span,
            one.message,
            help=one.help,
            severity=one.severity,
            related=one.related,
        )
