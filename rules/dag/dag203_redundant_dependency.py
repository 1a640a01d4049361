"""DAG203."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import bare_conjunction, without_dependency
from argolint.analysis.reach import Reach
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG203", "redundant-dependency", on="dag", severity="info", default=False, fix="safe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task waits for one that another of its dependencies waits for anyway."""
    direct = {task.name: bare_conjunction(task) for task in dag.tasks if task.name}
    reach = Reach(direct)
    for task in dag.tasks:
        names = direct.get(task.name, [])
        for name in names:
            through = next((other for other in names if other != name and reach.leads(other, name)), "")
            if through and not reach.leads(name, name):
                yield Finding(
                    task.value_span("depends" if "depends" in task else "dependencies"),
                    f"{task.label} need not wait for `{name}`: `{through}` does",
                    help=f"drop `{name}`",
                    fix=without_dependency(task, name, ctx) or None,
                )
