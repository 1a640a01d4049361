"""SEC107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule(
    "SEC107",
    "untrusted-registry",
    on="template",
    severity="error",
    default=False,
    options={"trusted-registries": ()},
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An image comes from a registry that is not on the list."""
    trusted = tuple(str(item).rstrip("/") for item in ctx.option("trusted-registries") or ())
    if not trusted:
        return
    for _, container in template.containers:
        image = container.get("image")
        if not isinstance(image, str) or not image or not is_literal(image):
            continue
        name, _, _ = security.image_tag(image)
        first = name.partition("/")[0]
        full = (
            name
            if "/" in name and ("." in first or ":" in first or first == "localhost")
            else f"docker.io/{name}"
        )
        if not any(full == item or full.startswith(f"{item}/") for item in trusted):
            yield Finding(
                container.value_span("image"),
                f"image `{image}` comes from `{full.partition('/')[0]}`, which is not trusted",
            )
