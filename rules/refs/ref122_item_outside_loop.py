"""REF122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "REF122",
    "item-outside-loop",
    on="object",
    severity="error",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`item` where there is no loop."""
    for one in references.problems(obj, ctx, None, "item-outside-loop"):
        yield Finding(
            one.span,
            one.message,
            help=one.help,
            severity=one.severity,
            related=one.related,
        )
