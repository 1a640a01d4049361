"""YML103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule


@rule("YML103", "duplicate-key", on="source", severity="error")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """A key stands twice in one mapping; the last one silently wins."""
    for document in file.documents:
        for problem in document.problems:
            if problem.kind == "duplicate-key":
                yield Finding(
                    Span(problem.start, problem.end),
                    f"`{problem.message}` is set twice in this mapping; the earlier value is lost",
                    help="merge the two, or delete one",
                    related=[(Span(problem.context_start, problem.context_end), "set first here")],
                )
