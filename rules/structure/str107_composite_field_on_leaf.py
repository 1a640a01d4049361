"""STR107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key


@rule("STR107", "composite-field-on-leaf", on="template", severity="error", fix="safe", keys=("parallelism",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """`parallelism` on a template that has no children."""
    if template.get("parallelism") is None or template.type in ("", "steps", "dag"):
        return
    editable = "parallelism" not in template.map.merged and not template.is_alias("parallelism")
    yield Finding(
        template.key_span("parallelism"),
        f"`parallelism` is not allowed on a `{template.type}` template: it runs one thing",
        help="set it on the template whose steps run at once, or on the spec",
        fix=delete_key(ctx.source, template.map, "parallelism")
        if editable and len(template.map) > 1
        else None,
    )
