"""EVT136."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.project.index import is_literal
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map


@rule("EVT136", "event-used-twice", on="object", severity="error", kinds=("Sensor",), cross_file=True)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Two dependencies of a Sensor take the same event from a NATS streaming bus."""
    seen: dict[tuple[str, str], View] = {}
    for view in dependencies(obj):
        pair = (view.text("eventSourceName"), view.text("eventName"))
        first = seen.setdefault(pair, view)
        if first is view or not all(pair) or not all(is_literal(part) for part in pair):
            continue
        bus = ctx.index.find("EventBus", obj.spec.text("eventBusName") or "default", ctx.namespace)
        loaded = ctx.index.load(bus[0]) if bus else None
        if loaded is not None and isinstance(loaded.spec.get("nats"), Map):
            yield Finding(
                view.value_span("name"),
                f"event `{pair[1]}` of `{pair[0]}` is taken by two dependencies, which a NATS streaming bus cannot do",
                help="use one dependency, or a JetStream bus",
                related=[(first.value_span("name"), "the first one")],
            )
