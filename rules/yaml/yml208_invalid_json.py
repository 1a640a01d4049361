"""YML208."""

from __future__ import annotations

import json
from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule


@rule("YML208", "invalid-json", on="source", severity="warning")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """A file that is called JSON is none, though it is YAML."""
    if not file.path.endswith(".json") or not file.text.strip() or file.unrendered:
        return
    if any(problem.kind == "syntax" for problem in file.problems):
        return  # not even YAML: YML101
    try:
        json.loads(file.text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        at = min(getattr(error, "pos", 0), max(len(file.text) - 1, 0))
        yield Finding(
            Span(at, at + 1),
            f"this is not JSON: {str(error).partition(': line')[0].lower()}",
            help="what reads the file as JSON, as `kubectl` did before 1.33, refuses it; call it `.yaml`, or write it as JSON",
        )
