"""EVT104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "EVT104",
    "cross-namespace-event-source",
    on="object",
    severity="error",
    kinds=("Sensor",),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor waits for an EventSource that is in another namespace."""
    namespace = ctx.namespace
    if not namespace:
        return
    for view in dependencies(obj):
        name = view.text("eventSourceName")
        if ctx.index.find("EventSource", name, namespace):
            continue
        found = ctx.index.find("EventSource", name)
        if found:
            fact = found[0]
            yield Finding(
                view.value_span("eventSourceName"),
                f"event source `{name}` is in namespace `{fact.namespace}`, this Sensor is in `{namespace}`",
                help="a Sensor hears the bus of its own namespace only: put both into one namespace",
                related=[(Elsewhere(fact.path, fact.start, fact.end, fact.where), "the event source")],
            )
