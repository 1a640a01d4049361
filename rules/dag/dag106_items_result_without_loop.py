"""DAG106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import parsed
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("DAG106", "items-result-without-loop", on="dag", severity="error", fix="unsafe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """`AnySucceeded` or `AllFailed` of a task that is no loop."""
    for task in dag.tasks:
        formula = parsed(task)
        for word in formula.tasks if formula is not None else ():
            target = dag.named(word.name) if word.result in ("AnySucceeded", "AllFailed") else None
            if target is not None and not target.loops:
                at = ctx.part(task, "depends", word.start, word.end)
                plain = f"{word.name}.{'Succeeded' if word.result == 'AnySucceeded' else 'Failed'}"
                yield Finding(
                    at,
                    f"`{word.result}` sums up the instances of a loop, and `{word.name}` has none",
                    help=f"write `{plain}`, or give it `withItems`",
                    related=[(target.name_span, f"`{word.name}` is no loop")],
                    fix=replace(at, plain) if not task.is_alias("depends") else None,
                )
