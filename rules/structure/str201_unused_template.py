"""STR201."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import structure_graph as graph
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("STR201", "unused-template", on="spec", severity="warning", kinds=("Workflow", "CronWorkflow"))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """No path leads to a template from the entrypoint, the exit handler or a hook."""
    if not spec.entrypoint or spec.workflow_template_ref is not None or graph.is_dynamic(spec):
        return
    if spec.template_named(spec.entrypoint) is None:
        return
    used = graph.reachable(spec, [spec.entrypoint, *graph.exit_roots(spec)])
    for template in spec.templates:
        if template.name and template.name not in used and is_literal(template.name):
            yield Finding(
                template.name_span,
                f"template `{template.name}` is never used",
                help="remove it, or call it",
            )
