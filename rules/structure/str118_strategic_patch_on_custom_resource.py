"""STR118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import structure_manifests as manifests
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key, replace


@rule(
    "STR118",
    "strategic-patch-on-custom-resource",
    on="template",
    severity="error",
    fix="unsafe",
    types=("resource",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A custom resource is patched in the one way that the API server refuses for it."""
    body = template.body
    if body.text("action") != "patch" or body.text("mergeStrategy") not in ("", "strategic"):
        return
    if any(isinstance(flag, str) and flag.startswith("--type") for flag in body.sequence("flags")):
        return
    for found in manifests.objects_in(template, ctx):
        version = found.view.text("apiVersion")
        group = version.rpartition("/")[0]
        if not group or group in manifests.BUILTIN_GROUPS or group.endswith(".k8s.io"):
            continue
        if not found.is_literal(found.view.value_span("apiVersion")):
            continue
        given = "mergeStrategy" in body
        yield Finding(
            body.value_span("mergeStrategy") if given else body.value_span("action"),
            f"`{found.view.text('kind')}` is a custom resource: the API server refuses strategic patches of it",
            help="set `mergeStrategy: merge`",
            fix=replace(body.value_span("mergeStrategy"), "merge")
            if given
            else add_key(ctx.source, body.map, "mergeStrategy", "merge", after="action"),
        )
        return
