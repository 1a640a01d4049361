"""SCR113."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR113", "no-errexit", on="template", severity="info", default=False, types=("script",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A shell script goes on after a command has failed."""
    for code in scripts.codes(template, ctx):
        text = code.scalar.value
        if (
            code.language != "sh"
            or code.argument
            or re.search(r"^\s*set\s+-[a-z]*e|^\s*set\s+-o\s+errexit", text, re.MULTILINE)
        ):
            continue
        words = [str(word) for word in code.container.sequence("command")]
        lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
        if len(lines) > 1 and not any(re.match(r"-[a-z]*e[a-z]*$", word) for word in words):
            yield Finding(
                code.scalar.part(0, 1),
                "this script goes on when a command fails, and ends as its last one does",
                help="begin with `set -e`",
            )
