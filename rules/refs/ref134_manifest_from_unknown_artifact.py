"""REF134."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.project.index import did_you_mean, is_literal
from argolint.rule import Finding, rule


@rule(
    "REF134",
    "manifest-from-unknown-artifact",
    on="template",
    severity="error",
    types=("resource",),
    keys=("manifestFrom",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """`manifestFrom` names an artifact that the template does not have."""
    artifact = template.body.mapping("manifestFrom").mapping("artifact")
    name = artifact.text("name")
    if not name or not is_literal(name) or template.inputs.artifact(name) is not None:
        return
    names = [item.name for item in template.inputs.artifacts]
    yield Finding(
        artifact.value_span("name"),
        f"{template.label} has no input artifact `{name}`",
        help=did_you_mean(name, names) or "declare it under `inputs.artifacts`",
    )
