"""REL119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key


@rule(
    "REL119",
    "retried-suspend",
    on="template",
    severity="warning",
    types=("suspend",),
    fix="unsafe",
    keys=("retryStrategy",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A retryStrategy on a suspend template does nothing useful."""
    if template.mapping("retryStrategy").map:
        yield Finding(
            template.key_span("retryStrategy"),
            f"{template.label} waits; there is nothing to retry",
            help="delete the retryStrategy; `duration` says how long to wait",
            fix=delete_key(ctx.source, template.map, "retryStrategy")
            if "retryStrategy" not in template.map.merged
            else None,
        )
