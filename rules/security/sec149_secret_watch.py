"""SEC149."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import event_names
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SEC149", "secret-watch", on="object", severity="warning", kinds=("EventSource",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An EventSource sends the content of Secrets over the bus."""
    for kind, name, view in event_names(obj):
        if kind == "resource" and view.get("resource") == "secrets":
            yield Finding(
                view.value_span("resource"),
                f"event `{name}` carries whole Secrets to every Sensor of the namespace",
            )
