"""EVT103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.project.index import is_literal, suggest
from argolint.rule import Finding, rule


@rule(
    "EVT103",
    "undefined-event-bus",
    on="object",
    severity="warning",
    kinds=(
        "Sensor",
        "EventSource",
    ),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor or EventSource needs an EventBus that is not among the manifests."""
    name = obj.spec.text("eventBusName") or "default"
    severity = ctx.external_severity
    if severity is None or not is_literal(name) or ctx.index.find("EventBus", name, ctx.namespace):
        return
    known = ctx.index.names("EventBus")
    if (
        obj.kind == "Sensor"
        and not known
        and any(
            ctx.index.find("EventSource", view.text("eventSourceName"), ctx.namespace)
            for view in dependencies(obj)
        )
    ):
        return  # said once, at the EventSource
    near = suggest(name, ctx.index.names("EventBus", ctx.namespace)) if "eventBusName" in obj.spec else ""
    where = f" in namespace `{ctx.namespace}`" if ctx.namespace else ""
    at = obj.spec.value_span("eventBusName") if "eventBusName" in obj.spec else obj.name_span
    yield Finding(
        at,
        f"there is no EventBus `{name}`{where} among the manifests",
        help=f"did you mean `{near}`?"
        if near
        else f"without it no event is delivered: add an EventBus named `{name}`",
        severity="warning" if near else severity if known else "info",
    )
