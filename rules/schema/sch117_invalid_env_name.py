"""SCH117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

NAME = lazy(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


@rule("SCH117", "invalid-env-name", on="template", severity="error", keys=("env",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A name of an environment variable that Kubernetes does not take."""
    for _, container in template.containers:
        for env in container.items("env"):
            name = env.text("name")
            if name and "{{" not in name and not NAME.fullmatch(name):
                yield Finding(
                    env.value_span("name"),
                    f"`{name}` is not a name for an environment variable",
                    help="letters, digits, `_`, `-` and `.`, not beginning with a digit",
                )
