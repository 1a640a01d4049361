"""REF119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "REF119",
    "misspelt-variable-root",
    on="object",
    severity="warning",
    fix="safe",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The first word of a tag is nearly one that Argo knows."""
    for one in references.problems(obj, ctx, None, "misspelt-root"):
        yield Finding(
            one.span,
            one.message,
            help=one.help,
            severity=one.severity,
            related=one.related,
            fix=replace(one.span, one.replacement) if one.replacement else None,
        )
