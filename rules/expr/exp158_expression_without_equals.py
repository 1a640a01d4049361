"""EXP158."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, Scalar
from argolint.language.tags import SimpleTag, split
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_CALL = lazy(r"\s*(?:asInt|asFloat|jsonpath|to(?:Json|JSON)|from(?:Json|JSON)|sprig\.\w+)\s*\(")
_VARIABLE = lazy(r"\b(?:inputs|workflow|steps|tasks|item|retries|lastRetry)\b")


@rule("EXP158", "expression-without-equals", on="scalar", severity="error", fix="unsafe")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A function is called in a tag without `=`, which is looked up as a name and stays as it is."""
    text = scalar.value
    if "(" not in text:
        return
    for piece in split(text):
        if not isinstance(piece, SimpleTag):
            continue
        body = text[piece.start + 2 : piece.end - 2]
        if not _CALL.match(body) or not _VARIABLE.search(body):
            continue
        at = scalar.part(piece.start, piece.end)
        written = ctx.source.slice(at.start, at.end)
        yield Finding(
            at,
            f"`{text[piece.start : piece.end]}` stays as it is: functions are called in `{{{{=…}}}}` only",
            help="put `=` behind the braces",
            fix=replace(at, "{{=" + written[2:].lstrip()) if written.startswith("{{") else None,
        )
