"""YML105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.project.index import did_you_mean
from argolint.rule import Finding, rule


@rule("YML105", "undefined-alias", on="source", severity="error")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """An alias refers to an anchor that is not defined above it."""
    for document in file.documents:
        for problem in document.problems:
            if problem.kind == "undefined-alias":
                name = ctx.source.slice(problem.start + 1, problem.end)
                above = [anchor for anchor, start, _ in document.anchors if start < problem.start]
                help = (
                    did_you_mean(name, above)
                    or "anchors are known from where they stand to the end of their document"
                )
                yield Finding(Span(problem.start, problem.end), problem.message, help=help)
