"""LNT104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.rule import Finding, rule
from argolint.suppress import malformed
from argolint.yaml.edit import replace


@rule("LNT104", "malformed-directive", on="source", severity="warning", fix="safe")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """A comment for argolint that is not written as one."""
    for span, message, right in malformed(file):
        yield Finding(
            span,
            message,
            help=f"write `{right}`"
            if right
            else "directives are `ignore[CODE] reason` and `ignore-file[CODE] reason`",
            fix=replace(span, right) if right else None,
        )
