"""EVT130."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import event_names
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule(
    "EVT130",
    "unused-event",
    on="object",
    severity="info",
    default=False,
    kinds=("EventSource",),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """No Sensor among the manifests waits for an event."""
    sensors = list(ctx.index.of_kind("Sensor"))
    used = {
        (source, event)
        for fact in sensors
        if not ctx.namespace or not fact.namespace or fact.namespace == ctx.namespace
        for _, source, event in fact.data.get("dependencies", ())
    }
    if not sensors or not obj.name:
        return
    for kind, name, _ in event_names(obj):
        if (obj.name, name) not in used and is_literal(name):
            yield Finding(obj.spec.mapping(kind).key_span(name), f"no Sensor waits for the event `{name}`")
