"""YML203."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.plainvalues import plain_texts
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("YML203", "implicit-null", on="object", severity="warning")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A parameter's value is left empty: that is no value at all, and not the empty text."""
    for found in plain_texts(obj, ctx.source):
        if found.value is None and not found.written and found.what in ("value", "default"):
            yield Finding(
                found.span,
                f"`{found.what}:` without anything behind it is null: the parameter has no {found.what}",
                help=f'write `{found.what}: ""` for the empty text, or delete the line',
            )
