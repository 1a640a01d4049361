"""SEC114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "SEC114",
    "writable-root-filesystem",
    on="template",
    severity="info",
    default=False,
    types=(
        "container",
        "script",
        "containerSet",
    ),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container may change its own file system."""
    for role, container in template.containers:
        if role == "main" and container.mapping("securityContext").get("readOnlyRootFilesystem") is not True:
            yield Finding(
                container.key_span("image"),
                f"{template.label} may change its own file system",
                help="set `securityContext: {readOnlyRootFilesystem: true}` and mount an emptyDir where it writes",
            )
