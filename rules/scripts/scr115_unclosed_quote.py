"""SCR115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR115", "unclosed-quote", on="template", severity="error")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A quote in a shell script is never closed."""
    for code in scripts.codes(template, ctx):
        text = code.scalar.value
        if code.language != "sh" or (text.count("'") % 2 == 0 and text.count('"') % 2 == 0):
            continue
        at = scripts.scan_shell(code.scalar.value).open_quote
        if at >= 0:
            yield Finding(
                code.scalar.part(at, at + 1),
                "this quote is never closed: the shell refuses the script",
                severity="warning" if "<<" in code.scalar.value or "case " in code.scalar.value else None,
            )
