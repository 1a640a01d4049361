"""STR119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import structure_manifests as manifests
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "STR119", "generate-name-with-apply", on="template", severity="error", fix="unsafe", types=("resource",)
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """`apply` is asked to make up a name."""
    body = template.body
    if body.text("action") != "apply":
        return
    for found in manifests.objects_in(template, ctx):
        metadata = found.view.mapping("metadata")
        if metadata.get("generateName") is not None and metadata.get("name") is None:
            yield Finding(
                found.span(metadata.key_span("generateName")),
                "kubectl cannot apply an object with `generateName`: it has no name to look for",
                help="use `action: create`, or give it a `name`",
                fix=None if body.is_alias("action") else replace(body.value_span("action"), "create"),
            )
