"""SEC148."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SEC148", "open-event-binding", on="object", severity="warning", kinds=("WorkflowEventBinding",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A WorkflowEventBinding answers to every event."""
    event = obj.spec.mapping("event")
    selector = event.text("selector").strip()
    if selector == "true":
        yield Finding(
            event.value_span("selector"),
            "this selector takes every event of the namespace, from every client",
            help='ask for the discriminator and for a header: `discriminator == "build" && metadata["x-argo-client"] != nil`',
        )
