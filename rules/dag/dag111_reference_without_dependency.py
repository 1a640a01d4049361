"""DAG111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import ancestors, sibling_uses
from argolint.context import Context, Scalar
from argolint.rule import Finding, rule


@rule("DAG111", "reference-without-dependency", on="scalar", severity="error")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A task reads an output of a task that it does not wait for."""
    for found in sibling_uses(scalar):
        reader, target = found.reader, found.target
        if reader is None or target is None or reader.kind != "task" or (target is reader and found.own_hook):
            continue
        if target.name in ancestors(found.template).get(reader.name, ()) or not reader.name:
            continue
        if target is reader:
            message = f"{reader.label} reads its own `{found.use.text}`, which exists only when it has ended"
        else:
            message = f"{reader.label} reads `{found.use.text}` but does not wait for `{target.name}`"
        yield Finding(
            scalar.part(found.use.start, found.use.end),
            message,
            help="" if target is reader else f"add `{target.name}` to its `depends`",
            related=[] if target is reader else [(target.name_span, f"`{target.name}` is here")],
        )
