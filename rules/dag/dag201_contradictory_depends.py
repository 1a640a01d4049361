"""DAG201."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import continued, parsed, satisfiable
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG201", "contradictory-depends", on="dag", severity="warning")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """No outcome of the tasks makes this `depends` true, so the task never runs."""
    looped = frozenset(task.name for task in dag.tasks if task.loops)
    for task in dag.tasks:
        formula = parsed(task) if "&&" in task.depends or "!" in task.depends else None
        if formula is not None and not satisfiable(formula, looped, continued(dag)):
            yield Finding(
                ctx.part(task, "depends", 0, len(task.depends)),
                f"nothing makes `depends` of {task.label} true: a task ends in one way only",
                help="join results of the same task with `||`",
            )
