"""Where a part of a schedule or expression stands in its file."""

from __future__ import annotations

from argolint.model.view import Span
from argolint.text import SourceText
from argolint.yaml.scalars import offset_map


def part(source: SourceText, span: Span, value: str, start: int, end: int) -> Span:
    """Where the code points `[start, end)` of the scalar `value`, written at `span`, are in the file."""
    first = source.text[span.start : span.start + 1]
    style = first if first in ("'", '"', "|", ">") else ""
    where = offset_map(source.text, span.start, span.end, style, value).span(start, end)
    return Span(*where, span.where)
