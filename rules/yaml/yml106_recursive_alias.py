"""YML106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule


@rule("YML106", "recursive-alias", on="source", severity="error")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """An anchor contains its own alias."""
    for document in file.documents:
        for problem in document.problems:
            if problem.kind == "recursive-alias":
                yield Finding(
                    Span(problem.start, problem.end),
                    problem.message,
                    help="copy what is meant, or move the anchor",
                )
