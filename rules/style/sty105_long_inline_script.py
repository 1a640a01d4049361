"""STY105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "STY105",
    "long-inline-script",
    on="template",
    severity="info",
    default=False,
    types=("script",),
    options={"inline-script-lines": 60},
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script that is too long to live inside a manifest."""
    most = ctx.option("inline-script-lines")
    lines = template.body.text("source").count("\n") + 1
    if isinstance(most, int) and lines > most:
        yield Finding(
            template.body.key_span("source"),
            f"the script of {template.label} has {lines} lines, more than {most}",
            help="put it into the image, a ConfigMap or a git artifact, where it can be tested",
        )
