"""YML104."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.context import Context, File
from argolint.diagnostic import Edit
from argolint.model.view import Span
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import apply_edits
from argolint.yaml.loader import parse

_INDENT = lazy(r"^[ ]*\t[ \t]*(?=\S)", re.MULTILINE)


@rule("YML104", "tab-indentation", on="source", severity="error", fix="safe")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """A line is indented with a tab."""
    for document in file.documents:
        for problem in document.problems:
            if problem.kind != "syntax":
                continue
            start, end = ctx.source.line_span(ctx.source.line_col(problem.start)[0])
            indent = _INDENT.match(ctx.source.text, start, end)
            if indent is not None:
                yield Finding(
                    Span(start, indent.end()),
                    "this line is indented with a tab; YAML allows spaces only",
                    help="replace each tab by spaces",
                    fix=_spaces(ctx.source.text, document.start, document.end),
                )


def _spaces(text: str, start: int, end: int) -> list[Edit] | None:
    """Tabs of all indentations of a document as spaces, as many as make it parse."""
    indents = list(_INDENT.finditer(text, start, end))
    for width in (2, 4, 8):
        edits = [
            Edit(found.start(), found.end(), found.group().replace("\t", " " * width)) for found in indents
        ]
        if not any(document.broken for document in parse(apply_edits(text, edits)[start:]).documents[:1]):
            return edits
    return None
