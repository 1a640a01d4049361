"""STY101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.variables import ROOTS
from argolint.context import Context, Scalar
from argolint.language import tags
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("STY101", "tag-whitespace", on="scalar", severity="info", default=False, fix="safe")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """Blanks inside the braces of a tag."""
    if scalar.spec is None or ("{{ " not in scalar.value and " }}" not in scalar.value):
        return
    for piece in tags.split(scalar.value):
        if not isinstance(piece, tags.SimpleTag) or piece.body == piece.name or piece.nested is not None:
            continue
        if piece.name.partition(".")[0] not in ROOTS:
            continue  # a template of another language
        at = scalar.part(piece.start, piece.end)
        written = ctx.source.slice(at.start, at.end)
        yield Finding(
            at,
            f"blanks inside the braces of `{piece.name}`",
            help=f"write `{{{{{piece.name}}}}}`: search and upstream's own tools expect that spelling",
            fix=replace(at, f"{{{{{piece.name}}}}}") if written == f"{{{{{piece.body}}}}}" else None,
        )
