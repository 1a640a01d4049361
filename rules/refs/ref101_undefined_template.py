"""REF101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("REF101", "undefined-template", on="spec", severity="error", fix="unsafe")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A step or task names a template that the spec does not have."""
    names = [template.name for template in spec.templates if template.name]
    known = frozenset(names)
    for ref in spec.references():
        if ref.how != "template" or ref.local in known or not is_literal(ref.local):
            continue
        near = suggest(ref.local, names)
        plain = not ref.step or not ref.step.is_alias("template")
        yield Finding(
            ref.name_span,
            f"template `{ref.local}` is not defined in this {spec.kind}",
            help=did_you_mean(ref.local, names),
            fix=replace(ref.name_span, near) if near and plain else None,
        )
