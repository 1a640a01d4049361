"""STR117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import structure_manifests as manifests
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR117", "anonymous-manifest", on="template", severity="error", types=("resource",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The object of a resource template has no kind, or no name."""
    action = template.body.text("action")
    if action not in ("create", "apply", "replace", "delete"):
        return
    for found in manifests.objects_in(template, ctx):
        view = found.view
        if not view.text("kind") and "<<" not in view and found.is_literal(view.span):
            yield Finding(
                found.span(view.head),
                "the object in this manifest has no `kind`",
                help="add `apiVersion` and `kind`",
            )
            continue
        metadata = view.mapping("metadata")
        if view.text("kind").endswith("List") or not found.is_literal(
            metadata.span if metadata.map else view.head
        ):
            continue
        if metadata.get("name") is None and (
            metadata.get("generateName") is None or action in ("replace", "delete")
        ):
            generated = metadata.get("generateName") is not None
            yield Finding(
                found.span(view.key_span("metadata") if "metadata" in view else view.head),
                f"`{action}` needs the object's `metadata.name`"
                if generated
                else "the object in this manifest has no name",
                help="add `metadata.name`" + (" or `metadata.generateName`" if action == "create" else ""),
            )
