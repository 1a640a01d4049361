"""REF115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.variables import uses_in
from argolint.context import Context, Scalar
from argolint.model.workflow import TEMPLATE_TYPES, Template
from argolint.project.index import did_you_mean, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("REF115", "undefined-input-parameter", on="scalar", severity="error", fix="unsafe")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A template reads an input parameter that it does not declare."""
    template = scalar.template
    if template is None or _is_misplaced(scalar):
        return
    names = declared(template)
    for use in uses_in(scalar.value):
        if use.path[:2] != ("inputs", "parameters") or len(use.path) < 3 or use.guarded:
            continue
        # A name may hold dots, and a simple tag cannot tell them from a path.
        name = use.path[2] if use.in_expr else ".".join(use.path[2:])
        if name in names or name == "json":
            continue
        rest = scalar.value[use.end : use.end + 2]
        if use.in_expr and rest[:1] == "-" and rest[1:].isalpha():
            continue  # read as a subtraction: EXP105 says so
        near = suggest(name, names)
        span = scalar.part(use.parts[2][0], use.parts[-1][1] if not use.in_expr else use.parts[2][1])
        quoted = use.in_expr and scalar.value[use.parts[2][0]] in "'\""
        yield Finding(
            span,
            f"{template.label} has no input parameter `{name}`",
            help=did_you_mean(name, names) or "declare it under `inputs.parameters`",
            fix=replace(span, near)
            if near and not quoted and (not use.in_expr or near.isidentifier())
            else None,
        )


def _is_misplaced(scalar: Scalar) -> bool:
    """Whether it stands in a `container` of a step itself: what SCH103 tells to move to a template, with its own inputs."""
    step = scalar.step
    if step is None or not scalar.where.startswith(f"{step.where}."):
        return False
    return scalar.where[len(step.where) + 1 :].partition(".")[0].partition("[")[0] in TEMPLATE_TYPES


def declared(template: Template) -> list[str]:
    """The input parameters in sight: the template's own, the defaults', and those of the templates an inline one stands in."""
    found = [item.name for item in template.inputs.parameters]
    defaults = template.spec.template_defaults
    if defaults is not None:
        found += [item.name for item in defaults.inputs.parameters]
    if template.step is not None:
        found += declared(template.step.template)
    return found
