"""STR108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR108", "missing-image", on="template", severity="error")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container has no image, and nothing provides one."""
    for role, container in template.containers:
        if container.get("image") not in (None, ""):
            continue
        key = template.type if role == "main" else ""
        if key and default_image(template, key):
            continue
        patched = bool(template.text("podSpecPatch") or template.spec.text("podSpecPatch"))
        if not key and patched:
            continue
        at = template.key_span(key) if key and not container.map else container.key_span("image")
        what = f"the {key}" if key else f"{role} container `{container.text('name')}`"
        yield Finding(
            at,
            f"{what} of {template.label} has no image",
            help="add `image`",
            severity=None if key else "warning",
        )


def default_image(template: Template, key: str) -> bool:
    """Whether `templateDefaults` brings an image for templates of that type."""
    return template.spec.mapping("templateDefaults").mapping(key).get("image") not in (None, "")
