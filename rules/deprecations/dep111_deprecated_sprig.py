"""DEP111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, Scalar
from argolint.language import tags
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_OLD = lazy(r"\bsprig\.(trimall|biggest|date_in_zone|date_modify|must_date_modify|tuple|push|mustPush)\b")
NEW = {
    "trimall": "trimAll",
    "biggest": "max",
    "date_in_zone": "dateInZone",
    "date_modify": "dateModify",
    "must_date_modify": "mustDateModify",
    "tuple": "list",
    "push": "append",
    "mustPush": "mustAppend",
}


@rule("DEP111", "deprecated-sprig", on="scalar", severity="info", fix="safe")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A sprig function under its old name."""
    if "sprig." not in scalar.value:
        return
    for piece in tags.split(scalar.value):
        if not isinstance(piece, tags.ExprTag):
            continue
        for match in _OLD.finditer(piece.source):
            old = match.group(1)
            at = scalar.part(piece.source_start + match.start(1), piece.source_start + match.end(1))
            # trimall and trimAll are one function; so are the others: sprig keeps the old names as aliases.
            yield Finding(
                at,
                f"`sprig.{old}` is the old name of `sprig.{NEW[old]}`",
                help="use the new one",
                fix=replace(at, NEW[old]),
            )
