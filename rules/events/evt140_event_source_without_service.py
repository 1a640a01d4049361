"""EVT140."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EVT140",
    "event-source-without-service",
    on="object",
    severity="info",
    kinds=("EventSource",),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An EventSource listens on a port, and no Service leads there."""
    served = [one for one in events.endpoints(obj) if one.port]
    if not served or "service" in obj.spec or not obj.name:
        return
    for fact in ctx.index.of_kind("Service"):
        loaded = ctx.index.load(fact)
        selector = loaded.spec.mapping("selector") if loaded is not None else None
        if selector is not None and obj.name in selector.map.values():
            return
    first = served[0]
    yield Finding(
        first.view.key_span("port"),
        f"{first.kind} `{first.event}` listens on port {first.port} of its pod, and no Service of the manifests leads there",
        help=f"add `service: {{ports: [{{port: {first.port}, targetPort: {first.port}}}]}}` to the spec: the controller then makes `{obj.name}-eventsource-svc`",
    )
