"""STR202."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import structure_graph as graph
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("STR202", "unbounded-recursion", on="spec", severity="warning")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Templates call each other in a circle, and nothing ends it."""
    seen: set[str] = set()
    for cycle in graph.endless_cycle(spec):
        names = [call.callee for call in cycle]
        if seen.issuperset(names):
            continue
        seen.update(names)
        step = cycle[-1].step
        if step is None:
            continue
        yield Finding(
            step.value_span("template"),
            f"`{'` calls `'.join([names[-1], *names])}` with no `when` in between: this never ends",
            help="give a step on the way a `when`",
        )
