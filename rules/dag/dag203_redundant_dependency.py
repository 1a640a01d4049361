"""DAG203."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import bare_conjunction, without_dependencies
from argolint.analysis.reach import Reach
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG203", "redundant-dependency", on="dag", severity="info", default=False, fix="safe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task waits for one that another of its dependencies waits for anyway."""
    waits = {task.name: bare_conjunction(task) for task in dag.tasks if task.name}
    reach = Reach(waits)
    for task in dag.tasks:
        names = bare_conjunction(task) if task.name else []
        implied = {name: other for name, other in reach.through(names).items() if not reach.leads(name, name)}
        if not implied:
            continue
        # All of them at once: what is left of the list is one text, and each name alone would be a text of its own.
        repair = without_dependencies(task, implied, ctx) or None
        place = task.value_span("depends" if "depends" in task else "dependencies")
        for name in names:
            if name in implied:
                yield Finding(
                    place,
                    f"{task.label} need not wait for `{name}`: `{implied[name]}` does",
                    help=f"drop `{name}`",
                    fix=repair,
                )
