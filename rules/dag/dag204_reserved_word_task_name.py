"""DAG204."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import RESERVED, renamed
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG204", "reserved-word-task-name", on="dag", severity="warning", fix="unsafe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task is called like a word of the expression language."""
    for task in dag.tasks:
        if task.name in RESERVED:
            yield Finding(
                task.name_span,
                f"`{task.name}` is a word of the expression language; `depends` and expressions cannot name this task",
                help="give it another name",
                fix=renamed(task, f"{task.name}-task", dag, ctx) or None,
            )
