"""YML206."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.rule import Finding, rule


@rule("YML206", "unrendered-template", on="source", severity="info")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """The file is a Helm, Go or Jinja template, which is no YAML before it is rendered; it was not checked."""
    if file.unrendered:
        yield Finding(
            file.span,
            "this is a Helm or Jinja template and was not checked",
            help="lint what it renders to: `helm template … | argolint -`; or list it in .argolintignore",
        )
