"""DAG109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import renamed
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG109", "digit-first-task-name", on="dag", severity="error", fix="unsafe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task's name starts with a digit in a DAG with `depends`, or the task has `dependencies`."""
    any_depends = any(task.depends for task in dag.tasks)
    for task in dag.tasks:
        if task.name[:1].isdigit() and (any_depends or task.dependencies):
            yield Finding(
                task.name_span,
                f"the name of {task.label} starts with a digit, which `{'depends' if any_depends else 'dependencies'}` cannot read",
                help=f"call it `t{task.name}`, here and wherever it is named",
                fix=renamed(task, f"t{task.name}", dag, ctx) or None,
            )
