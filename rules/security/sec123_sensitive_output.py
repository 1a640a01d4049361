"""SEC123."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import credentials
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SEC123", "sensitive-output", on="template", severity="warning", keys=("outputs",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An output parameter holds a secret."""
    for parameter in template.outputs.parameters:
        if credentials.is_secret_name(parameter.name):
            yield Finding(
                parameter.name_span,
                f"output `{parameter.name}` is kept in the workflow's status, where everybody who may look at workflows reads it",
                help="write it to a Secret, or to a volume that the next step mounts",
            )
