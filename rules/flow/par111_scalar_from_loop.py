"""PAR111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import sibling_uses
from argolint.context import Context, Scalar
from argolint.rule import Finding, rule


@rule(
    "PAR111",
    "scalar-from-loop",
    on="scalar",
    severity="warning",
    keys=("withItems", "withParam", "withSequence"),
)
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """The outputs of a loop, which are a list, are used as one value."""
    if scalar.key not in ("when", "count", "start", "end") or scalar.step is None:
        return
    for found in sibling_uses(scalar):
        target, rest = found.target, found.use.path[2:]
        if (
            target is None
            or not target.loops
            or rest[:1] != ("outputs",)
            or rest[1:2] not in (("result",), ("parameters",))
        ):
            continue
        if not found.use.in_expr:
            yield Finding(
                scalar.part(found.use.start, found.use.end),
                f"`{found.use.text}` is a JSON list with a value for each item of the loop `{target.name}`",
                help="take one out with an expression, or loop over it with `withParam`",
                related=[(target.name_span, "the loop")],
            )
