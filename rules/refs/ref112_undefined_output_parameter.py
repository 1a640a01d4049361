"""REF112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "REF112",
    "undefined-output-parameter",
    on="object",
    severity="error",
    fix="unsafe",
    cross_file=True,
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A variable names an output parameter that the called template does not declare."""
    for one in references.problems(obj, ctx, ctx.index, "undefined-output-parameter"):
        yield Finding(
            one.span,
            one.message,
            help=one.help,
            severity=one.severity,
            related=one.related,
            fix=replace(one.span, one.replacement) if one.replacement else None,
        )
