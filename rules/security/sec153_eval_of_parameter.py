"""SEC153."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SEC153", "eval-of-parameter", on="template", severity="warning", keys=("env",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script runs the content of a variable that a parameter fills."""
    for code in scripts.codes(template, ctx):
        if code.language != "sh" or "eval" not in code.scalar.value:
            continue
        for env in code.container.items("env"):
            name, value = env.text("name"), env.text("value")
            if not name or "parameters." not in value or "{{" not in value:
                continue
            match = re.search(rf"\b(?:eval|(?:ba)?sh -c)\s[^\n]*\$\{{?{re.escape(name)}\b", code.scalar.value)
            if match is not None:
                yield Finding(
                    code.scalar.part(*match.span()),
                    f"`{name}` holds a parameter, and is run as code here",
                    help="choose among commands that are written down, with `case`",
                    related=[(env.value_span("value"), "the parameter")],
                )
