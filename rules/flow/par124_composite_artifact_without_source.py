"""PAR124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "PAR124",
    "composite-artifact-without-source",
    on="template",
    severity="warning",
    types=("steps", "dag"),
    keys=("artifacts",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An output artifact of steps or a DAG that comes from nowhere."""
    for artifact in template.outputs.artifacts:
        if artifact.name and not artifact.text("from") and not artifact.text("fromExpression"):
            yield Finding(
                artifact.name_span,
                f"output artifact `{artifact.name}` has no `from`: {template.label} gives none",
                help="say from which step it comes with `from` or `fromExpression`",
            )
