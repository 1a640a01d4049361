"""STP109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import flattened_tasks
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map, Seq


@rule("STP109", "double-dash-in-dag", on="dag", severity="error", fix="safe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """`dag.tasks` is a list of lists; tasks have one dash."""
    raw = dag.raw
    if not isinstance(raw, Seq):
        return
    for i, group in enumerate(raw):
        if not isinstance(group, Seq):
            continue
        first = group[0] if group and isinstance(group[0], Map) else None
        name = first.get("name") if first is not None else None
        view = View(first, f"{dag.path_of('tasks')}[{i}][0]")
        yield Finding(
            view.value_span("name") if name else dag.item_span("tasks", i),
            (f"task `{name}` has two dashes" if name else "an item of `tasks` is a list")
            + "; `tasks` is one flat list",
            help="write `- name:`; what runs after what is said by `depends`",
            fix=flattened_tasks(ctx.source, raw, i) or None,
        )
