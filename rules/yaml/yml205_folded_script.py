"""YML205."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_GOES_ON = ("\\", "&&", "||", "|", ";", "(", ",", "{")


@rule("YML205", "folded-script", on="template", severity="warning", types=("script",), fix="unsafe")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The lines of a script in a `>` block are joined by spaces."""
    body = template.body
    if body.style("source") != ">" or body.is_alias("source"):
        return
    span = body.value_span("source")
    lines = [line.strip() for line in ctx.source.slice(span.start, span.end).split("\n")[1:] if line.strip()]
    if len(lines) < 2 or all(line.endswith(_GOES_ON) for line in lines[:-1]):
        return
    if "\n" in body.text("source").strip("\n") and body.text("source").count("\n") >= len(lines):
        return  # every line is kept: they are apart by blank lines
    yield Finding(
        Span(span.start, span.start + 1, span.where),
        "`>` joins the lines of this script with spaces",
        help="write `|`, which keeps them",
        fix=replace((span.start, span.start + 1), "|"),
    )
