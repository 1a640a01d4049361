"""STP112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import sibling_uses
from argolint.context import Context, Scalar
from argolint.rule import Finding, rule


@rule("STP112", "forward-step-reference", on="scalar", severity="error")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A step reads an output of a step of a later group."""
    for found in sibling_uses(scalar):
        reader, target = found.reader, found.target
        if reader is None or target is None or reader.kind != "step" or target.group <= reader.group:
            continue
        yield Finding(
            scalar.part(found.use.start, found.use.end),
            f"{reader.label} reads `{found.use.text}`, but `{target.name}` runs later",
            help=f"move `{target.name}` into an earlier group",
            related=[(target.name_span, f"`{target.name}` is in group {target.group + 1}")],
        )
