"""YML108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule


@rule("YML108", "redefined-anchor", on="source", severity="warning")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """One anchor name is given twice in a document."""
    for document in file.documents:
        first: dict[str, Span] = {}
        for name, start, end in document.anchors:
            span = Span(start, end)
            if name in first:
                yield Finding(
                    span,
                    f"the anchor `&{name}` is given twice in this document; aliases below get this value",
                    help="give one of them another name",
                    related=[(first[name], "first here")],
                )
            else:
                first[name] = span
