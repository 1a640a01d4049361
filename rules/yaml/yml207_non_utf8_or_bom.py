"""YML207."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("YML207", "non-utf8-or-bom", on="source", severity="warning", fix="safe")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """The file is not plain UTF-8: it has a byte order mark, or bytes that are no UTF-8."""
    if file.encoding_problem:
        bad = "\ufffd" in file.text
        yield Finding(
            file.span, file.encoding_problem, help="save the file as UTF-8", severity="error" if bad else None
        )
    elif file.text.startswith("\ufeff"):
        yield Finding(
            Span(0, 1),
            "the file starts with a byte order mark",
            help="save it as UTF-8 without a mark; joined behind other files the mark is part of the first key",
            fix=replace((0, 1), ""),
        )
