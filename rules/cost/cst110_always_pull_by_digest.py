"""CST110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "CST110",
    "always-pull-by-digest",
    on="template",
    severity="info",
    default=False,
    fix="safe",
    keys=("imagePullPolicy",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An image with a digest never changes, so there is nothing to pull again."""
    for _, container in template.containers:
        if container.text("imagePullPolicy") != "Always" or "@sha256:" not in container.text("image"):
            continue
        fixable = not container.is_alias("imagePullPolicy") and "imagePullPolicy" not in container.map.merged
        yield Finding(
            container.value_span("imagePullPolicy"),
            "the image is pinned by its digest: asking the registry each time only costs time",
            help="use `imagePullPolicy: IfNotPresent`",
            fix=replace(container.value_span("imagePullPolicy"), "IfNotPresent") if fixable else None,
        )
