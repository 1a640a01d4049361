"""PAR118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow_uses
from argolint.analysis.variables import uses_in
from argolint.context import Context
from argolint.model.view import Span
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


def _bare(template: Template, name: str, ctx: Context) -> Span | None:
    """Where the template writes `{{name}}`, which Argo leaves as it is."""
    if ctx.object is None:
        return None
    for scalar in ctx.file.scalars(ctx.object):
        if scalar.template is template:
            for use in uses_in(scalar.value):
                if use.path == (name,):
                    return scalar.part(use.start, use.end)
    return None


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
            bare = _bare(template, name, ctx)
            yield Finding(
                parameter.name_span,
                f"{template.label} never reads its input `{name}`",
                help="remove it here and where it is passed, or use it"
                if bare is None
                else f"`{{{{{name}}}}}` is no variable of Argo and stays as text: write `{{{{inputs.parameters.{name}}}}}`",
                related=[] if bare is None else [(bare, "meant here")],
            )
