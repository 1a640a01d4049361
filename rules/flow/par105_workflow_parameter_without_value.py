"""PAR105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule(
    "PAR105",
    "workflow-parameter-without-value",
    on="spec",
    severity="error",
    kinds=("Workflow", "CronWorkflow"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow parameter has no value, where nobody is there to give one."""
    if spec.owner.embedded:
        return  # a Sensor fills it in
    for item in spec.arguments.parameters:
        if item.name and item.get("value") is None and item.get("valueFrom") is None:
            cron = spec.kind == "CronWorkflow"
            yield Finding(
                item.name_span,
                f"workflow parameter `{item.name}` has no value"
                + (
                    ": nobody can give it one when the time has come"
                    if cron
                    else "; it must be given when the workflow is submitted"
                ),
                help="give it a `value`",
                severity=None if cron else "info",
            )
