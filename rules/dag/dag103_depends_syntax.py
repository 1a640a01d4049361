"""DAG103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.language import depends
from argolint.language.errors import LanguageError
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG103", "depends-syntax", on="dag", severity="error")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """`depends` is no formula of tasks and their results."""
    for task in dag.tasks:
        if not task.depends or "{{" in task.depends:
            continue
        try:
            depends.parse(task.depends)
        except LanguageError as error:
            yield Finding(
                ctx.part(task, "depends", error.start, max(error.end, error.start + 1)),
                f"`depends` of {task.label}: {error.message}",
                help="join tasks with `&&`, `||`, `!` and parentheses; a result follows its task: `build.Succeeded`",
            )
