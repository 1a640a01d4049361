"""STR133."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map


@rule("STR133", "incomplete-template-ref", on="spec", severity="error")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A reference to a template does not say which."""
    if spec.workflow_template_ref is not None and not spec.workflow_template_ref.object_name:
        yield Finding(
            spec.key_span("workflowTemplateRef"),
            "this reference has no `name`",
            help="name the WorkflowTemplate",
        )
    holders: list[View] = list(spec.hooks)
    for template in spec.all_templates:
        for step in template.children:
            holders += [step, *step.hooks]
    for holder in holders:
        ref = holder.mapping("templateRef")
        if isinstance(holder.get("templateRef"), Map):
            for key in ("name", "template"):
                if ref.get(key) in (None, ""):
                    yield Finding(
                        ref.value_span(key) if key in ref else holder.key_span("templateRef"),
                        f"this `templateRef` has no `{key}`",
                        help="name the object and the template in it",
                    )
        elif holder.get("template") == "" and holder.get("inline") is None:
            yield Finding(holder.value_span("template"), "this names no template", help="name one")
