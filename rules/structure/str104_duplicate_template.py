"""STR104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template, WorkflowSpec
from argolint.rule import Finding, rule


@rule("STR104", "duplicate-template", on="spec", severity="error")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Two templates of a spec have the same name."""
    seen: dict[str, Template] = {}
    for template in spec.templates:
        first = seen.setdefault(template.name, template)
        if template.name and first is not template:
            yield Finding(
                template.name_span,
                f"there are two templates `{template.name}`",
                help="rename or remove one",
                related=[(first.name_span, "the first")],
            )
