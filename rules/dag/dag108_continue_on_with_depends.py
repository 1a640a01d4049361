"""DAG108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import failures_as_results
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG108", "continue-on-with-depends", on="dag", severity="error", fix="unsafe", keys=("continueOn",))
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task has `continueOn` in a DAG that uses `depends`."""
    first = next((task for task in dag.tasks if task.depends), None)
    if first is None:
        return
    for task in dag.tasks:
        if task.get("continueOn") is not None:
            yield Finding(
                task.key_span("continueOn"),
                f"{task.label} has `continueOn` in a DAG where `{first.name}` has `depends`; one excludes the other",
                help=f"say it where it matters: `depends: {task.name or 'a'}.Succeeded || {task.name or 'a'}.Failed`",
                related=[(first.key_span("depends"), "`depends` is used here")],
                fix=failures_as_results(task, dag, ctx) or None,
            )
