"""EVT101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Finding, rule


@rule("EVT101", "undefined-event-source", on="object", severity="warning", kinds=("Sensor",), cross_file=True)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor waits for the events of an EventSource that is not among the manifests."""
    index = ctx.index
    known = index.names("EventSource", ctx.namespace)
    for view in dependencies(obj):
        name = view.text("eventSourceName")
        if not is_literal(name) or index.find("EventSource", name):
            continue
        near = suggest(name, known)
        severity = "warning" if near else ctx.external_severity if known else None
        if severity is None:
            continue
        yield Finding(
            view.value_span("eventSourceName"),
            f"event source `{name}` is not among the manifests",
            help=did_you_mean(name, known),
            severity=severity,
        )
