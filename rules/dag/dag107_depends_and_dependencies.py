"""DAG107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import as_depends
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG107", "depends-and-dependencies", on="dag", severity="error", fix="unsafe", keys=("dependencies",))
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """One DAG has both `depends` and `dependencies`."""
    first = next((task for task in dag.tasks if task.depends), None)
    listed = [task for task in dag.tasks if task.dependencies]
    if first is None or not listed:
        return
    edits = [as_depends(task, ctx) for task in listed]
    clear = all(edits) and not any(task.depends for task in listed)
    for task in listed:
        yield Finding(
            task.key_span("dependencies"),
            f"{task.label} has `dependencies` in a DAG where `{first.name}` has `depends`; one DAG has one of them",
            help="write `depends: a && b` everywhere",
            related=[(first.key_span("depends"), "`depends` is used here")],
            fix=[edit for edit_list in edits for edit in edit_list] if clear else None,
        )
