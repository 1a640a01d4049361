"""SEC105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("SEC105", "latest-tag", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An image has no tag, or the tag `latest`."""
    for _, container in template.containers:
        image = container.get("image")
        if not isinstance(image, str) or not image or not is_literal(image):
            continue
        _, tag, digest = security.image_tag(image)
        if digest or tag not in ("", "latest"):
            continue
        yield Finding(
            container.value_span("image"),
            f"image `{image}` {'has no tag' if not tag else 'is `latest`'}: what runs changes without a change of the manifest",
            help="name a version, such as `alpine:3.20`",
        )
