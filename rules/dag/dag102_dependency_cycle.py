"""DAG102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import ancestors, dependencies
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG102", "dependency-cycle", on="dag", severity="error")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """Tasks wait for each other in a circle."""
    above = ancestors(dag.template)
    reported: set[str] = set()
    for task in dag.tasks:
        if task.name not in above.get(task.name, ()) or task.name in reported:
            continue
        if task.name in dependencies(task):
            continue  # DAG112: it waits for itself
        cycle = _cycle(task.name, {t.name: dependencies(t) for t in dag.tasks if t.name}, above)
        reported.update(cycle)
        others = [found for name in cycle[1:] if (found := dag.named(name)) is not None]
        yield Finding(
            task.name_span,
            "tasks wait for each other: " + " → ".join(f"`{name}`" for name in [*cycle, task.name]),
            help="take one of these dependencies away",
            related=[(other.name_span, f"`{other.name}` is part of the cycle") for other in others],
        )


def _cycle(start: str, direct: dict[str, list[str]], above: dict[str, set[str]]) -> list[str]:
    """The shortest way from a task back to itself."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for name in direct.get(way[-1], ()):
            if name == start:
                return way
            if name not in seen and name in direct and start in above[name]:
                seen.add(name)
                ways.append([*way, name])
    return [start]
