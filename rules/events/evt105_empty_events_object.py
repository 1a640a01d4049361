"""EVT105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import dependencies, event_names, triggers
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map


@rule(
    "EVT105",
    "empty-events-object",
    on="object",
    severity="error",
    kinds=(
        "Sensor",
        "EventSource",
    ),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor without dependencies or triggers, or an EventSource without events."""
    if obj.kind == "EventSource":
        if not event_names(obj) and isinstance(obj.get("spec"), Map):
            yield Finding(obj.key_span("spec"), "this EventSource has no event")
        return
    if not isinstance(obj.get("spec"), Map):
        return
    for key, items in (("dependencies", dependencies(obj)), ("triggers", triggers(obj))):
        if not items:
            at = obj.spec.key_span(key) if key in obj.spec else obj.key_span("spec")
            yield Finding(
                at, f"this Sensor has no {key}", help="the controller refuses a Sensor without them"
            )
