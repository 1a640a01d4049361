"""DAG105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import diagnose
from argolint.context import Context
from argolint.language import depends
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("DAG105", "unknown-task-result", on="dag", severity="error", fix="safe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """`depends` asks for a result that tasks do not have, such as `A.Success`."""
    names = frozenset(task.name for task in dag.tasks)
    for task in dag.tasks:
        if "." not in task.depends or "{{" in task.depends:
            continue
        for wrong in diagnose(task.depends, names):
            if wrong.kind != "unknown-result":
                continue
            span = ctx.part(task, "depends", wrong.start, wrong.end)
            yield Finding(
                span,
                f"`{wrong.message}`: a task has no such result",
                help=f"did you mean `{wrong.repair}`?"
                if wrong.repair
                else "there are " + ", ".join(f"`{r}`" for r in depends.RESULTS),
                fix=replace(span, wrong.repair) if wrong.repair and wrong.end > wrong.start else None,
            )
