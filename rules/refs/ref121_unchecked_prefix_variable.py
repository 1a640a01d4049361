"""REF121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "REF121",
    "unchecked-prefix-variable",
    on="object",
    severity="warning",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A variable that does not exist, of the kinds that Argo's own linter does not look at."""
    for one in references.problems(obj, ctx, None, "unchecked"):
        yield Finding(
            one.span,
            one.message,
            help=one.help,
            severity=one.severity,
            related=one.related,
        )
