"""DEP107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, Scalar
from argolint.language import tags
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

ALIASES = frozenset({"workflow.parameters", "workflow.labels", "workflow.annotations"})


@rule("DEP107", "json-variable-alias", on="scalar", severity="info", fix="safe")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """`{{workflow.parameters}}` is the old name of `{{workflow.parameters.json}}`."""
    if "workflow." not in scalar.value:
        return
    for piece in tags.split(scalar.value):
        if isinstance(piece, tags.SimpleTag) and piece.name in ALIASES:
            start = piece.start + 2 + piece.body.index(piece.name)
            at = scalar.part(start, start + len(piece.name))
            yield Finding(
                at,
                f"`{piece.name}` is the old name of `{piece.name}.json`",
                help="use the new one, which says what it is",
                fix=replace(at, f"{piece.name}.json"),
            )
