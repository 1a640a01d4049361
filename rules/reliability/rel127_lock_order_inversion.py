"""REL127."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import Lock, nested_locks
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL127", "lock-order-inversion", on="spec", severity="warning", keys=("synchronization",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Two ways take the same two locks in opposite orders."""
    if not ctx.source.mentions("synchronization"):
        return
    seen: dict[tuple[tuple[str, ...], tuple[str, ...]], Lock] = {}
    for held, taken, _ in nested_locks(spec):
        if held.key == taken.key:
            continue
        other = seen.get((taken.key, held.key))
        if other is not None:
            yield Finding(
                taken.span,
                f"{taken.label} is taken while {held.label} is held, and elsewhere the other way round: two runs can block each other for ever",
                help="take them in the same order everywhere",
                related=[(other.span, "the other order")],
            )
        seen.setdefault((held.key, taken.key), taken)
