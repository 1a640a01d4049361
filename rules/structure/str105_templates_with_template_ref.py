"""STR105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("STR105", "templates-with-template-ref", on="spec", severity="error", keys=("workflowTemplateRef",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A spec has both `workflowTemplateRef` and templates of its own."""
    ref = spec.workflow_template_ref
    if ref is None or not spec.sequence("templates"):
        return
    yield Finding(
        spec.key_span("templates"),
        f"`templates` is not allowed beside `workflowTemplateRef`: the templates are those of `{ref.object_name}`",
        help="remove one of them; a step calls a single template of another object with `templateRef`",
        related=[(spec.key_span("workflowTemplateRef"), "the reference")],
    )
