"""STR205."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "STR205",
    "daemon-without-readiness",
    on="template",
    severity="warning",
    types=("container", "script"),
    keys=("daemon",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A daemon that does not say when it is ready."""
    if template.get("daemon") is True and template.body.get("readinessProbe") is None:
        yield Finding(
            template.key_span("daemon"),
            f"{template.label} is a daemon without a `readinessProbe`: what follows may start before it answers",
            help="add a `readinessProbe` to its container",
        )
