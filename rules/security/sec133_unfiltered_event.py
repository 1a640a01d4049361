"""SEC133."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "SEC133",
    "unfiltered-event",
    on="object",
    severity="info",
    default=False,
    kinds=("Sensor",),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Every event of a public source starts a workflow, whatever it says."""
    for view in dependencies(obj):
        types = events.event_types(view, ctx.namespace, ctx.index)
        if types & events.OUTSIDE and not view.mapping("filters").map:
            yield Finding(
                view.value_span("name"),
                f"dependency `{view.text('name')}` lets every event through: any branch, any repository, any action",
                help="add `filters.data` or `filters.exprs`",
            )
