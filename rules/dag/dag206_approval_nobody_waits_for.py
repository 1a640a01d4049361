"""DAG206."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.concurrent import called, may_overlap
from argolint.analysis.steps import is_gate, waits
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG206", "approval-nobody-waits-for", on="dag", severity="warning", cross_file=True)
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """An approval on which no task depends, beside tasks that go on without it."""
    tasks = [task for task in dag.tasks if task.name]
    if len(tasks) < 2:
        return
    direct, _ = waits(dag.template)
    awaited = {name for names in direct.values() for name in names}
    for gate in tasks:
        found = called(gate, ctx, "suspend") if gate.name not in awaited else None
        if found is None or not is_gate(found.template):
            continue
        beside = next((one for one in tasks if one is not gate and may_overlap(gate, one)), None)
        if beside is not None and (other := called(beside, ctx)) is not None and not is_gate(other.template):
            yield Finding(
                gate.name_span,
                f"no task waits for {gate.label}: `{beside.name}` runs whatever is decided",
                help=f"let the work wait for it, with `{gate.name}` in its `depends`",
                related=[(beside.name_span, f"`{beside.name}` does not wait")],
            )
