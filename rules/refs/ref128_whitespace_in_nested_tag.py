"""REF128."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "REF128",
    "whitespace-in-nested-tag",
    on="object",
    severity="error",
    fix="safe",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Blanks in the inner tag of a nested one."""
    for one in references.problems(obj, ctx, None, "blank-in-nested"):
        yield Finding(
            one.span,
            one.message,
            help=one.help,
            severity=one.severity,
            related=one.related,
            fix=replace(one.span, one.replacement) if one.replacement else None,
        )
