"""SEC106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("SEC106", "unpinned-image", on="template", severity="info", default=False)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An image is not pinned by its digest."""
    for _, container in template.containers:
        image = container.get("image")
        if not isinstance(image, str) or not image or not is_literal(image):
            continue
        _, tag, digest = security.image_tag(image)
        if not digest and tag not in ("", "latest"):
            yield Finding(
                container.value_span("image"),
                f"the tag of `{image}` can be moved to another image",
                help="append the digest: `image:tag@sha256:…`",
            )
