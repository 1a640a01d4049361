"""PAR118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow_uses
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("PAR118", "unused-input-parameter", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A template declares an input that it never reads."""
    if template.type in ("suspend", "plugin", "") or ctx.object is None or "inputs" not in template:
        return
    parameters = template.inputs.parameters
    if not parameters:
        return
    found = flow_uses.reads(ctx.object, ctx)
    if template.where in found.everything or "" in found.everything:
        return
    for parameter in parameters:
        name = parameter.name
        used = (template.where, name) in found.inputs or ("", name) in found.inputs
        if name and not used and is_literal(name):
            yield Finding(
                parameter.name_span,
                f"{template.label} never reads its input `{name}`",
                help="remove it here and where it is passed, or use it",
            )
