"""SCR103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.external.scripts import scripts_of
from argolint.external.tools import ruff
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR103", "ruff", on="template", severity="warning", default=False, types=("script",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """What ruff says of a Python script, when it is installed."""
    for script in scripts_of(template, ctx):
        if script.language != "python":
            continue
        for remark in ruff(script.masked):
            if "syntax" in remark.code:
                continue  # SCR102
            yield Finding(
                script.scalar.part(remark.start, max(remark.end, remark.start + 1)),
                f"{remark.code}: {remark.message}",
            )
