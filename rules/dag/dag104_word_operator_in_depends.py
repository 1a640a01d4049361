"""DAG104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import diagnose, rewritten
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("DAG104", "word-operator-in-depends", on="dag", severity="error", fix="safe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """`depends` joins tasks by words or commas: `A and B`, `A, B`, `A & B`."""
    names = frozenset(task.name for task in dag.tasks)
    for task in dag.tasks:
        if not task.depends or "{{" in task.depends:
            continue
        found = [wrong for wrong in diagnose(task.depends, names) if wrong.kind == "word-operator"]
        if not found:
            continue
        whole = ctx.part(task, "depends", 0, len(task.depends))
        fixed = rewritten(task.depends, found)
        plain_text = ctx.source.slice(whole.start, whole.end) == task.depends
        for wrong in found:
            yield Finding(
                ctx.part(task, "depends", wrong.start, wrong.end),
                f"`{wrong.message}` is no operator of `depends`"
                + ("" if wrong.message in ",&|" else ", it is read as a task"),
                help=f"write `{wrong.repair}`",
                fix=replace(whole, fixed) if plain_text else None,
            )
