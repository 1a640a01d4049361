"""RBA205."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "RBA205",
    "template-account-ignored",
    on="template",
    severity="warning",
    types=(
        "http",
        "plugin",
        "steps",
        "dag",
        "suspend",
    ),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A template that has no pod of its own names an account, which nothing uses."""
    if not template.text("serviceAccountName"):
        return
    agent = template.type in ("http", "plugin")
    yield Finding(
        template.value_span("serviceAccountName"),
        f"{template.label} is of type `{template.type}` and has no pod, so its account is not used",
        help="the agent runs as the account of the spec"
        if agent
        else "name it in the templates that this one runs",
    )
