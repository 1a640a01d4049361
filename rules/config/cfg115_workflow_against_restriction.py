"""CFG115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import restriction
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "CFG115",
    "workflow-against-restriction",
    on="object",
    severity="error",
    kinds=("Workflow", "CronWorkflow"),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The controller takes only workflows that refer to a template, and this one does not."""
    specs = obj.workflow_specs
    if not specs or specs[0].workflow_template_ref is not None:
        return
    found = restriction(ctx.index)
    if found is None:
        return
    config, value = found
    yield Finding(
        specs[0].head,
        f"the controller's `templateReferencing: {value}` refuses workflows without `workflowTemplateRef`",
        help="move the templates into a WorkflowTemplate and refer to it",
        related=[(Elsewhere(config.path, config.start, config.end), "the controller's configuration")],
    )
