"""REL133."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import POD_TYPES, Template
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("REL133", "upper-case-pod-template", on="template", severity="warning", types=tuple(sorted(POD_TYPES)))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The template's name becomes a part of pod names, which are lower-case."""
    name = template.name
    if name == name.lower() or not is_literal(name) or template.step is not None:
        return
    # The pod of an entrypoint that is no steps or dag template is called like the workflow.
    only_entry = template.spec.entrypoint == name and not template.mapping("retryStrategy").map
    called = any(
        step.target is not None and step.target.local == name
        for other in template.spec.all_templates
        for step in other.children
    )
    yield Finding(
        template.name_span,
        f"{template.label} has capital letters: its pods are called after it, and Kubernetes refuses such names",
        help=f"call it `{name.lower()}`, and the references to it",
        severity="warning" if only_entry and not called else None,
    )
