"""DAG207."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import waits
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG207", "task-outside-target", on="dag", severity="warning", keys=("target",))
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task on which no target depends, so that it never runs."""
    wanted = dag.target.split()
    names = {task.name for task in dag.tasks}
    if not wanted or "{{" in dag.target or not names.issuperset(wanted):
        return
    reach = waits(dag.template)[1]
    for task in dag.tasks:
        if task.name and task.name not in wanted and not any(reach.leads(goal, task.name) for goal in wanted):
            yield Finding(
                task.name_span,
                f"{task.label} never runs: `target: {dag.target}` does not depend on it",
                help="name it in `target`, or delete it",
            )
