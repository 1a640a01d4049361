"""DAG101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.language import depends
from argolint.language.errors import LanguageError
from argolint.model.view import Span
from argolint.model.workflow import Dag, Step
from argolint.project.index import did_you_mean, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("DAG101", "undefined-dependency", on="dag", severity="error", fix="unsafe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task waits for a task that the DAG does not have."""
    names = [task.name for task in dag.tasks if task.name]
    known = set(names)
    for task in dag.tasks:
        for name, span in _waits_for(task, ctx):
            if name in known or "{{" in name:
                continue
            near = suggest(name, names)
            yield Finding(
                span,
                f"{task.label} waits for `{name}`, which is no task of this DAG",
                help=did_you_mean(name, names),
                fix=replace(span, near) if near else None,
            )


def _waits_for(task: Step, ctx: Context) -> Iterator[tuple[str, Span]]:
    for i, name in enumerate(task.sequence("dependencies")):
        if isinstance(name, str):
            yield name, task.dependency_span(i)
    try:
        parsed = depends.parse(task.depends) if task.depends and "{{" not in task.depends else None
    except LanguageError:
        return
    for word in parsed.tasks if parsed is not None else ():
        yield word.name, ctx.part(task, "depends", word.start, word.start + len(word.name))
