"""REL105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule(
    "REL105",
    "no-deadline",
    on="spec",
    severity="info",
    default=False,
    kinds=("Workflow", "CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Nothing ever ends a run that hangs."""
    if (
        spec.get("activeDeadlineSeconds") is not None
        or spec.workflow_template_ref is not None
        or not spec.entrypoint
    ):
        return
    defaults = spec.template_defaults
    limits = ("activeDeadlineSeconds", "timeout")
    for view in [*([defaults] if defaults is not None else []), *spec.all_templates]:
        if any(view.get(key) is not None for key in limits):
            return
    yield Finding(
        spec.key_span("entrypoint"),
        "neither the workflow nor any of its templates has a deadline: a run that hangs holds its pods and locks for ever",
        help="set `activeDeadlineSeconds` of the spec to a time that no good run needs",
    )
