"""STP111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import sibling_uses
from argolint.context import Context, Scalar
from argolint.rule import Finding, rule


@rule("STP111", "same-group-reference", on="scalar", severity="error")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A step reads an output of a step that runs beside it: the output does not exist yet, and the workflow hangs."""
    for found in sibling_uses(scalar):
        reader, target = found.reader, found.target
        if reader is None or target is None or reader.kind != "step" or target is reader:
            continue
        if target.group != reader.group or (found.own_hook and found.use.path[2:] == ("status",)):
            continue
        yield Finding(
            scalar.part(found.use.start, found.use.end),
            f"{reader.label} reads `{found.use.text}`, but `{target.name}` runs beside it, in the same group",
            help=f"start a new group: `- - name: {reader.name or '…'}` runs after `{target.name}` has ended",
            related=[(target.name_span, f"`{target.name}` is in the same group")],
        )
