"""DAG102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reach import circle
from argolint.analysis.steps import waits
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG102", "dependency-cycle", on="dag", severity="error")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """Tasks wait for each other in a circle."""
    direct, reach = waits(dag.template)
    reported: set[str] = set()
    for task in dag.tasks:
        if not reach.leads(task.name, task.name) or task.name in reported:
            continue
        if task.name in direct[task.name]:
            continue  # DAG112: it waits for itself
        cycle = circle(task.name, direct, reach)
        reported.update(cycle)
        others = [found for name in cycle[1:] if (found := dag.named(name)) is not None]
        yield Finding(
            task.name_span,
            "tasks wait for each other: " + " → ".join(f"`{name}`" for name in [*cycle, task.name]),
            help="take one of these dependencies away",
            related=[(other.name_span, f"`{other.name}` is part of the cycle") for other in others],
        )
