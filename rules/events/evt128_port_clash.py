"""EVT128."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("EVT128", "port-clash", on="object", severity="error", kinds=("EventSource",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Two events of an EventSource want one port or one endpoint for themselves, or its service does not lead to the port."""
    found = events.endpoints(obj)
    seen: dict[tuple[str, str], events.Endpoint] = {}
    ports: dict[str, events.Endpoint] = {}
    for one in found:
        first = seen.setdefault((one.port, one.path), one)
        if first is not one and one.port and one.path:
            yield Finding(
                one.view.value_span("endpoint"),
                f"port {one.port} serves `{one.path}` for event `{first.event}` already: `{one.event}` never comes",
                related=[(first.view.value_span("endpoint"), "the first one")],
            )
            continue
        other = ports.setdefault(one.port, one)
        certificates = [item.view.dig("serverCertSecret", "name") for item in (other, one)]
        if certificates[0] != certificates[1]:
            yield Finding(
                one.view.value_span("port"),
                f"port {one.port} is opened with the certificate of `{other.event}`: one server serves a port",
                related=[(other.view.value_span("port"), "the first one")],
            )
    service = obj.spec.mapping("service")
    targets = {str(view.get("targetPort", view.get("port", ""))) for view in service.items("ports")}
    if targets and all(target.isdigit() for target in targets):
        for one in found:
            if one.port.isdigit() and one.port not in targets:
                yield Finding(
                    one.view.value_span("port"),
                    f"the service of this EventSource does not lead to port {one.port}",
                    help="add it to `spec.service.ports`",
                    severity="warning",
                )
