"""PAR118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow_uses
from argolint.context import Context
from argolint.model.workflow import Parameter, Template
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


def _read_elsewhere(template: Template, parameter: Parameter, found: flow_uses.Reads) -> bool:
    """Whether an anchor gives this very declaration to another template, which reads it: there is one list for them all."""
    if template.spec is None:
        return False
    return any(
        (other.where, parameter.name) in found.inputs
        for other in template.spec.all_templates
        if any(shared.name_span.start == parameter.name_span.start for shared in other.inputs.parameters)
    )


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
        if name and not used and is_literal(name) and not _read_elsewhere(template, parameter, found):
            yield Finding(
                parameter.name_span,
                f"{template.label} never reads its input `{name}`",
                help="remove it here and where it is passed, or use it",
            )
