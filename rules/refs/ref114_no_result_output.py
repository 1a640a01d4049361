"""REF114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "REF114",
    "no-result-output",
    on="object",
    severity="error",
    cross_file=True,
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`outputs.result` of a template that has none."""
    for one in references.problems(obj, ctx, ctx.index, "no-result"):
        yield Finding(
            one.span,
            one.message,
            help=one.help,
            severity=one.severity,
            related=one.related,
        )
