"""REF116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "REF116",
    "undefined-input-artifact",
    on="object",
    severity="error",
    fix="unsafe",
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A template reads an input artifact that it does not declare."""
    for one in references.problems(obj, ctx, None, "undefined-input-artifact"):
        yield Finding(
            one.span,
            one.message,
            help=one.help,
            severity=one.severity,
            related=one.related,
            fix=replace(one.span, one.replacement) if one.replacement else None,
        )
