"""DEP112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

# kind -> field of the spec -> what to do instead (Argo Events: upgrade notes of 1.0 and later)
GONE = {
    "Sensor": {
        "subscription": "events come by the EventBus: delete it",
        "eventProtocol": "events come by the EventBus: delete it",
        "port": "a Sensor has no service of its own: delete it",
        "circuit": "write `conditions` on the trigger's template",
        "dependencyGroups": "write `conditions` on the trigger's template",
        "errorOnFailedRound": "use `atLeastOnce` and `retryStrategy` of the trigger",
    },
    "EventSource": {
        "type": "the key of the source says the type: delete it",
        "replica": "use `replicas`",
    },
}


@rule(
    "DEP112",
    "old-events-field",
    on="object",
    severity="error",
    kinds=("Sensor", "EventSource", "EventBus", "Gateway"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field or kind of Argo Events that is gone or going."""
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
    for field, instead in GONE.get(obj.kind, {}).items():
        if field in obj.spec:
            yield Finding(
                obj.spec.key_span(field), f"Argo Events no longer has `{field}` in a {obj.kind}", help=instead
            )
