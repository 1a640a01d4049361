"""DAG301."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import as_depends
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule(
    "DAG301",
    "legacy-dependencies",
    on="dag",
    severity="info",
    default=False,
    fix="safe",
    keys=("dependencies",),
)
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A DAG uses lists of `dependencies`; `depends` says the same and more."""
    listed = [task for task in dag.tasks if task.dependencies]
    if not listed or any(task.depends for task in dag.tasks):
        return
    edits = [as_depends(task, ctx) for task in listed]
    blocked = any("continueOn" in task or task.name[:1].isdigit() for task in dag.tasks)
    yield Finding(
        listed[0].key_span("dependencies"),
        f"{dag.template.label} uses `dependencies`; `depends` can say more, such as what to do after a failure",
        help="write `depends: a && b`",
        fix=[edit for some in edits for edit in some] if all(edits) and not blocked else None,
    )
