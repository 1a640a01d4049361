"""SCR104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR104", "unquoted-tag-in-shell", on="template", severity="info", default=False)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A tag stands outside quotes in a shell script."""
    for code in scripts.codes(template, ctx):
        if code.language != "sh" or "{{" not in code.scalar.value:
            continue
        for place in scripts.scan_shell(code.scalar.value).tags:
            if place.kind == "bare" and not place.inner:
                text = code.scalar.value[place.start : place.end]
                yield Finding(
                    code.scalar.part(place.start, place.end),
                    f"`{text}` stands outside quotes: a value with a blank is split, one with `*` is a pattern, an empty one is gone",
                    help="put it into an environment variable and quote that",
                )
                break
