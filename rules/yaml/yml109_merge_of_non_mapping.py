"""YML109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule


@rule("YML109", "merge-of-non-mapping", on="source", severity="error")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """`<<` merges mappings only."""
    for document in file.documents:
        for problem in document.problems:
            if problem.kind == "merge":
                yield Finding(
                    Span(problem.start, problem.end),
                    problem.message,
                    help="a list cannot be merged; repeat it, or make the anchor a mapping",
                )
