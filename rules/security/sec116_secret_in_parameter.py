"""SEC116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import credentials
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SEC116", "secret-in-parameter", on="template", severity="warning", keys=("env",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A secret is handed over as a parameter."""
    for _, container in template.containers:
        for env in container.items("env"):
            name, value = env.text("name"), env.text("value")
            if "{{" not in value or not credentials.is_secret_name(name):
                continue
            if "inputs.parameters" in value or "workflow.parameters" in value:
                yield Finding(
                    env.value_span("value"),
                    f"`{name}` comes from a parameter: it is readable in the workflow's status, in the UI and in the archive",
                    help="pass the name of a Secret, and read it by `valueFrom.secretKeyRef`",
                )
