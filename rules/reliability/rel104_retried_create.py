"""REL104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategy_of
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.project.index import is_literal
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace
from argolint.yaml.nodes import Map


@rule(
    "REL104",
    "retried-create",
    on="template",
    severity="warning",
    types=("resource",),
    fix="unsafe",
    keys=("retryStrategy",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The second try to create an object of a fixed name finds it there."""
    body = template.body
    if body.text("action") != "create" or not strategy_of(template).map:
        return
    manifest = ctx.scalar(body, "manifest")
    if manifest is None or "name" not in manifest.value:
        return
    for document in ctx.embedded(manifest):
        root = View(document.root)
        metadata = root.mapping("metadata")
        name = metadata.text("name")
        if not isinstance(document.root, Map) or not is_literal(name):
            continue
        at = metadata.value_span("name")
        yield Finding(
            manifest.part(at.start, at.end),
            f"{template.label} is retried and creates `{name}`: the second try fails with AlreadyExists",
            help="use `action: apply`, or `generateName` instead of `name`",
            fix=replace(body.value_span("action"), "apply") if not body.is_alias("action") else None,
        )
