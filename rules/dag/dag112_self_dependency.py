"""DAG112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import parsed, without_dependencies
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG112", "self-dependency", on="dag", severity="error", fix="unsafe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task waits for itself."""
    for task in dag.tasks:
        if not task.name:
            continue
        spans = [
            task.dependency_span(i)
            for i, name in enumerate(task.sequence("dependencies"))
            if name == task.name
        ]
        formula = parsed(task)
        spans += [
            ctx.part(task, "depends", word.start, word.end)
            for word in (formula.tasks if formula is not None else ())
            if word.name == task.name
        ]
        for span in spans:
            yield Finding(
                span,
                f"{task.label} waits for itself, so it never starts",
                help="take it out, or name the task that was meant",
                fix=without_dependencies(task, (task.name,), ctx) or None,
            )
