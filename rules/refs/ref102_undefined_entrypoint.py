"""REF102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("REF102", "undefined-entrypoint", on="spec", severity="error", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`entrypoint` names a template that the spec does not have."""
    name = spec.entrypoint
    names = [template.name for template in spec.templates if template.name]
    if not name or "{{" in name or name in names:
        return
    reference = spec.workflow_template_ref
    if reference is not None:
        owners = ctx.index.referred(reference, ctx.namespace)
        if not owners:
            return
        names += [template.name for owner in owners for template in owner.templates]
        if name in names:
            return
    near = suggest(name, names)
    yield Finding(
        spec.value_span("entrypoint"),
        f"entrypoint `{name}` is not a template of this {spec.kind}",
        help=did_you_mean(name, names),
        fix=replace(spec.value_span("entrypoint"), near)
        if near and not spec.is_alias("entrypoint")
        else None,
    )
