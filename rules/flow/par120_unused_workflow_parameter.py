"""PAR120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow_uses
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("PAR120", "unused-workflow-parameter", on="spec", severity="info", kinds=("Workflow", "CronWorkflow"))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow parameter that nothing reads."""
    parameters = spec.arguments.parameters
    if not parameters or ctx.object is None or any(ref.object_name for ref in spec.references()):
        return
    found = flow_uses.reads(ctx.object, ctx)
    if found.workflow is None:
        return
    roots = [ref.local for ref in spec.references() if ref.step is None and ref.local]
    passed = {
        item.name
        for name in roots
        for template in [spec.template_named(name)]
        if template
        for item in template.inputs.parameters
    }
    for parameter in parameters:
        if parameter.name and parameter.name not in found.workflow and parameter.name not in passed:
            yield Finding(
                parameter.name_span,
                f"nothing reads the workflow parameter `{parameter.name}`",
                help="remove it, or use `{{workflow.parameters.…}}`",
            )
