"""STP108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import insert, reindent, replace
from argolint.yaml.nodes import Map, Seq


@rule("STP108", "tasks-under-steps", on="template", severity="error", fix="unsafe")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Steps and DAG are mixed up: `steps: {tasks: …}`, `dag: {steps: …}`, or `tasks` without a `dag`."""
    steps, dag = template.get("steps"), template.get("dag")
    if isinstance(steps, Map) and "tasks" in steps:
        yield Finding(
            template.key_span("steps"),
            f"{template.label} has `tasks` under `steps`; tasks belong to a `dag`",
            help="write `dag:` instead of `steps:`",
            fix=replace(template.key_span("steps"), "dag") if dag is None else None,
        )
    if isinstance(dag, Map) and "steps" in dag:
        inner = template.mapping("dag")
        yield Finding(
            inner.key_span("steps"),
            f"{template.label} has `steps` under `dag`; a DAG has `tasks`",
            help="write `tasks:` with one dash for each, or make the template one of `steps`",
            fix=replace(inner.key_span("steps"), "tasks")
            if _of_maps(dag.get("steps")) and "tasks" not in dag
            else None,
        )
    if isinstance(dag, Seq) and dag:
        yield Finding(
            template.key_span("dag"),
            f"`dag` of {template.label} is a list; its tasks go under `dag.tasks`",
            help="write `dag:` and, indented below it, `tasks:`",
        )
    if "tasks" in template and "dag" not in template and "steps" not in template:
        yield Finding(
            template.key_span("tasks"),
            f"{template.label} has `tasks` without a `dag` around them",
            help="write `dag:` above, and indent `tasks`",
            fix=_wrapped(template, ctx),
        )


def _of_maps(value: object) -> bool:
    return isinstance(value, Seq) and bool(value) and all(isinstance(item, Map) for item in value)


def _wrapped(template: Template, ctx: Context) -> list[Edit] | None:
    span = template.entry_span("tasks")
    if template.map.flow or not isinstance(template.get("tasks"), Seq):
        return None
    column = ctx.source.line_col(span.start)[1] - 1
    head = insert(span.start, f"dag:{ctx.source.newline()}{' ' * (column + 2)}")
    return head + reindent(ctx.source, span.start, span.end, 2)
