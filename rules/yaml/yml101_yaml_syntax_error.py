"""YML101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule
from argolint.yaml.unquoted import unquoted_tag

_KINDS = {"syntax", "too-deep", "too-large", "control-character", "tag"}


@rule("YML101", "yaml-syntax-error", on="source", severity="error")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """The document does not parse."""
    problems = [*file.problems, *(problem for document in file.documents for problem in document.problems)]
    for problem in problems:
        if problem.kind not in _KINDS or (problem.kind == "syntax" and _is_said_better(ctx, problem.start)):
            continue
        related = []
        if problem.context and problem.context_start >= 0 and problem.context_start != problem.start:
            related.append((Span(problem.context_start, problem.context_start + 1), problem.context))
        yield Finding(
            Span(problem.start, problem.end),
            problem.message,
            help=_usual_cause(ctx, problem.start),
            related=related,
        )


def _line(ctx: Context, offset: int) -> str:
    return ctx.source.line_text(ctx.source.line_col(offset)[0])


def _is_said_better(ctx: Context, offset: int) -> bool:
    """`key: {{tag}} more` and tabs fail to parse as well; YML102 and YML104 explain them better."""
    line = _line(ctx, offset)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return True
    return unquoted_tag(ctx.source, ctx.source.line_col(offset)[0]) is not None


def _usual_cause(ctx: Context, offset: int) -> str:
    line = _line(ctx, offset)
    if "{{" in line and "}}" not in line:
        return "the tag that opens on this line is not closed; write `}}` and put the value in quotes"
    if ctx.source.slice(offset, offset + 1) in ("`", "@", "%"):
        return "a value cannot start with this character; put it in quotes"
    if line.count(": ") > 1 and "{" not in line:
        return "a value that contains `: ` must be in quotes"
    if line.count('"') % 2 or line.count("'") % 2:
        return "a quote that opens on this line is not closed on it"
    if line.count("[") != line.count("]") or line.count("{") != line.count("}"):
        return "a bracket that opens on this line is not closed on it"
    return "check the indentation of this line against the lines above it"
