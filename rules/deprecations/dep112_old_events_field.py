"""DEP112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "DEP112",
    "old-events-field",
    on="object",
    severity="error",
    kinds=("EventBus", "Gateway"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A kind or bus of Argo Events that is gone or going."""
    if obj.group != "argoproj.io":
        return
    if obj.kind == "Gateway":
        yield Finding(
            obj.value_span("kind"),
            "Argo Events has no Gateway since 1.0",
            help="an EventSource publishes to the EventBus itself",
        )
        return
    if obj.kind == "EventBus" and obj.spec.mapping("nats").get("native") is not None:
        yield Finding(
            obj.spec.key_span("nats"),
            "NATS streaming has reached its end of life",
            help="use `jetstream`; events that are in flight at the change are lost",
            severity="info",
        )
