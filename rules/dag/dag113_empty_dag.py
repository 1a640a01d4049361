"""DAG113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG113", "empty-dag", on="dag", severity="error")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A DAG has no tasks."""
    raw = dag.raw
    if (raw is None or raw == []) and "steps" not in dag and not isinstance(dag.template.get("dag"), list):
        yield Finding(
            dag.key_span("tasks") if "tasks" in dag else dag.template.key_span("dag"),
            f"the DAG of {dag.template.label} has no tasks",
            help="give it a task, or delete the template",
        )
