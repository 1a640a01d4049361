"""DAG106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import parsed
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG106", "items-result-without-loop", on="dag", severity="error")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """`AnySucceeded` or `AllFailed` of a task that is no loop."""
    for task in dag.tasks:
        formula = parsed(task)
        for word in formula.tasks if formula is not None else ():
            target = dag.named(word.name) if word.result in ("AnySucceeded", "AllFailed") else None
            if target is not None and not target.loops:
                yield Finding(
                    ctx.part(task, "depends", word.start, word.end),
                    f"`{word.result}` sums up the instances of a loop, and `{word.name}` has none",
                    help=f"write `{word.name}.{'Succeeded' if word.result == 'AnySucceeded' else 'Failed'}`, or give it `withItems`",
                    related=[(target.name_span, f"`{word.name}` is no loop")],
                )
