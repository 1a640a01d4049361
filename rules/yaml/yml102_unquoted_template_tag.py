"""YML102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.variables import ROOTS
from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule
from argolint.yaml.edit import quote, replace
from argolint.yaml.unquoted import unquoted_tag


@rule("YML102", "unquoted-template-tag", on="source", severity="error", fix="safe")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """A value that starts with `{{` needs quotes: YAML reads it as a mapping."""
    lines: set[int] = set()
    for document in file.documents:
        for problem in document.problems:
            line = ctx.source.line_col(problem.start)[0]
            if problem.kind not in ("complex-key", "syntax") or line in lines:
                continue
            value = unquoted_tag(ctx.source, line)
            span = Span(*value) if value else None
            if span is None and problem.kind == "complex-key":
                span = Span(problem.start, problem.end)
            if span is None or not ctx.source.slice(span.start, span.end).startswith("{{"):
                continue
            lines.add(line)
            text = ctx.source.slice(span.start, span.end)
            own = text[2:].lstrip(" =-").partition(".")[0].partition("}")[0].strip() in ROOTS
            yield Finding(
                span,
                "a value that starts with `{{` needs quotes: YAML reads it as a mapping inside a mapping",
                help=f"write {quote(text)}",
                fix=replace(span, quote(text)) if own else None,
                severity=None if own else "warning",  # maybe a template of another tool
            )
