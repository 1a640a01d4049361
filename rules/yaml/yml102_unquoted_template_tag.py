"""YML102."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule
from argolint.yaml.edit import quote, replace

# A value that starts with a tag and is not quoted; up to the end of the line or a comment.
_VALUE = re.compile(r"(?:(?<=:)|^[ \t]*(?:- )*-) +(\{\{.*?\}\}.*?)[ \t]*(?:#.*)?$")


@rule("YML102", "unquoted-template-tag", on="source", severity="error", fix="safe")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """A value that starts with `{{` needs quotes: YAML reads it as a mapping."""
    lines: set[int] = set()
    for document in file.documents:
        for problem in document.problems:
            line = ctx.source.line_col(problem.start)[0]
            if problem.kind not in ("complex-key", "syntax") or line in lines:
                continue
            span = _value_on(ctx, line)
            if span is None and problem.kind == "complex-key":
                span = Span(problem.start, problem.end)
            if span is None or not ctx.source.slice(span.start, span.end).startswith("{{"):
                continue
            lines.add(line)
            text = ctx.source.slice(span.start, span.end)
            yield Finding(
                span,
                "a value that starts with `{{` needs quotes: YAML reads it as a mapping inside a mapping",
                help=f"write {quote(text)}",
                fix=replace(span, quote(text)),
            )


def _value_on(ctx: Context, line: int) -> Span | None:
    start, _ = ctx.source.line_span(line)
    text = ctx.source.line_text(line)
    match = _VALUE.search(text) if len(text) < 2000 else None
    return Span(start + match.start(1), start + match.end(1)) if match else None
