"""DAG103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import diagnose
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG103", "depends-syntax", on="dag", severity="error")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """`depends` is no formula of tasks and their results."""
    names = frozenset(task.name for task in dag.tasks)
    for task in dag.tasks:
        if not task.depends or "{{" in task.depends:
            continue
        for wrong in diagnose(task.depends, names):
            if wrong.kind == "syntax":
                yield Finding(
                    ctx.part(task, "depends", wrong.start, wrong.end),
                    f"`depends` of {task.label}: {wrong.message}",
                    help="join tasks with `&&`, `||`, `!` and parentheses; a result follows its task: `build.Succeeded`",
                )
